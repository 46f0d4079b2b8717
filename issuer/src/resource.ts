/**
 * The one resource server that all access tokens are for, in the words of `oidc-provider`: their real audience follows from their scopes, as in
 * Keycloak, and is set in `claims.ts`.
 *
 * @module
 */
import type { ResourceServer } from 'oidc-provider'
import { AUDIENCES, LIFETIMES } from './realm.ts'

export const RESOURCE = 'urn:mandate:services'

export const RESOURCE_SERVER: ResourceServer = {
  scope: ['openid', ...AUDIENCES.keys()].join(' '),
  audience: RESOURCE,
  accessTokenTTL: LIFETIMES.accessToken,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: 'RS256' } },
}
