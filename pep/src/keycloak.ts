/**
 * Keycloak as the identity provider, with keycloak-connect behind jose, bearer-only: it makes the grant that Keycloak's own adapters put into
 * `req.kauth`, and nothing else of it is used. Its middleware (which answers `/k_logout` and kin for anybody) is never mounted, and its key fetch
 * (no time-out; a 200 that is not JSON ends the process) never runs: the keys are jose's (ADR 0030).
 *
 * @module
 */
import { KeyObject } from 'node:crypto'
import { Fault, joinUrl } from '@mandate/protocol'
import type { CryptoKey } from 'jose'
import Keycloak from 'keycloak-connect'
import type { IdentityProvider, ProviderChanges, TokenAdapter, TokenAdapterOptions, TokenClaims } from './provider.ts'

declare global {
  namespace Express {
    interface Request {
      /** As keycloak-connect's own middleware would set it; `grant` holds the verified access token. Set with the provider `keycloak()`. */
      kauth?: { readonly grant: Keycloak.Grant }
    }
  }
}

/**
 * Keycloak: the issuer is `<base>/realms/<realm>`, whose endpoints are known without discovery. Tokens are signed with RS256, are access tokens of
 * RFC 9068 and at most 15 minutes old; a client's own token has the claim `svc`. Each token is verified by keycloak-connect too, whose grant stands
 * in `req.kauth`.
 */
export function keycloak({ claims, ...changes }: Omit<ProviderChanges, 'algorithms'> = {}): IdentityProvider {
  const service = ({ svc }: TokenClaims): boolean => svc !== undefined
  return {
    ...changes,
    claims: { client: 'azp', service, ...claims },
    // keycloak-connect verifies no other algorithm.
    algorithms: ['RS256'],
    endpoints: keycloakEndpoints,
    adapter: createKeycloakAdapter,
  }
}

function keycloakEndpoints(realmUrl: string) {
  const base = joinUrl(realmUrl, '/protocol/openid-connect')
  return { jwksUri: `${base}/certs`, tokenEndpoint: `${base}/token` }
}

/** The part of the adapter's inside that its types do not show. */
interface Inside {
  /** The issuer that the adapter compares `iss` with; it builds it itself, without a slash at the end. */
  realmUrl: string
  rotation: { getJWK: (kid: string) => Promise<string> }
}

const ISSUER = /^(?<base>https?:\/\/.+?)\/realms\/(?<realm>[^/]+)\/?$/u

/** Splits a Keycloak issuer into server URL and realm, as keycloak-connect takes them; `undefined` for any other URL. */
function splitIssuer(issuer: string): { readonly base: string; readonly realm: string } | undefined {
  const groups = ISSUER.exec(issuer)?.groups
  const { base, realm } = groups ?? {}
  return base === undefined || realm === undefined ? undefined : { base, realm }
}

/** @throws TypeError unless the issuer is a realm. */
function createKeycloakAdapter({ issuer, audience, keyOf }: TokenAdapterOptions): TokenAdapter {
  const parts = splitIssuer(issuer)
  if (!parts) throw new TypeError('keycloak: issuer must be <base>/realms/<realm>')
  const config = {
    realm: parts.realm,
    'auth-server-url': parts.base,
    resource: audience,
    'bearer-only': true,
    'ssl-required': 'external',
    'confidential-port': 0,
    'verify-token-audience': true,
  }
  const { grantManager } = new Keycloak({}, config)
  const pems = new WeakMap<CryptoKey, string>()
  const inside = grantManager as unknown as Inside
  inside.realmUrl = issuer
  inside.rotation.getJWK = async (kid) => {
    const key = await keyOf(kid)
    const pem = pems.get(key) ?? String(KeyObject.from(key).export({ type: 'spki', format: 'pem' }))
    pems.set(key, pem)
    return pem
  }
  return async (token) => {
    try {
      // The adapter reads strings here and makes its own token objects of them; its types only know the result.
      const grant = await grantManager.createGrant({ access_token: token } as unknown as Keycloak.GrantProperties)
      if (grant.access_token) Object.freeze(grant.access_token)
      return Object.freeze({ kauth: Object.freeze({ grant: Object.freeze(grant) }) })
    } catch (cause) {
      throw new Fault('unauthenticated', 'the token is refused: keycloak-connect refuses it', { cause })
    }
  }
}
