/**
 * keycloak-connect behind jose, bearer-only: it makes the grant that Keycloak's own adapters put into `req.kauth`, and nothing else of it
 * is used. Its middleware (which answers `/k_logout` and kin for anybody) is never mounted and its key fetch (no time-out; a 200 that is
 * not JSON ends the process) never runs: the keys are jose's (ADR 0030).
 *
 * @module
 */
import { KeyObject } from 'node:crypto'
import { Fault } from '@mandate/protocol'
import type { CryptoKey } from 'jose'
import Keycloak from 'keycloak-connect'

export interface KeycloakAdapterOptions {
  /** `<base>/realms/<realm>`. */
  readonly issuer: string
  readonly audience: string
  readonly keyOf: (kid: string) => Promise<CryptoKey>
}

/** The part of the adapter's inside that its types do not show. */
interface Inside {
  /** The issuer that the adapter compares `iss` with; it builds it itself, without a slash at the end. */
  realmUrl: string
  rotation: { getJWK: (kid: string) => Promise<string> }
}

const ISSUER = /^(?<base>https?:\/\/.+?)\/realms\/(?<realm>[^/]+)\/?$/u

/** Splits a Keycloak issuer into server URL and realm, as the adapter takes them; `undefined` for any other URL. */
export function splitIssuer(issuer: string): { readonly base: string; readonly realm: string } | undefined {
  const groups = ISSUER.exec(issuer)?.groups
  const { base, realm } = groups ?? {}
  return base === undefined || realm === undefined ? undefined : { base, realm }
}

/** @returns a function from a token that jose has verified to the adapter's grant; it rejects with Fault `unauthenticated`. */
export function createGrantMaker({
  issuer,
  audience,
  keyOf,
}: KeycloakAdapterOptions): (token: string) => Promise<Keycloak.Grant> {
  const parts = splitIssuer(issuer)
  if (!parts) throw new TypeError('issuer must be <base>/realms/<realm>')
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
      return await grantManager.createGrant({ access_token: token } as unknown as Keycloak.GrantProperties)
    } catch (cause) {
      throw new Fault('unauthenticated', 'the token is refused: keycloak-connect refuses it', { cause })
    }
  }
}
