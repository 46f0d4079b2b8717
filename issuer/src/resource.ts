/**
 * The one resource server that all access tokens are for, in the words of `oidc-provider`: their real audience follows from their scopes, as in
 * Keycloak, and is set in `claims.ts`.
 *
 * @module
 */
import type { ResourceServer } from 'oidc-provider'
import { LIFETIMES } from './realm.ts'

export const RESOURCE = 'urn:mandate:services'

/** The resource server of these scopes. */
export function resourceServer(scopes: Iterable<string>): ResourceServer {
  return {
    scope: ['openid', ...scopes].join(' '),
    audience: RESOURCE,
    accessTokenTTL: LIFETIMES.accessToken,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'RS256' } },
  }
}
