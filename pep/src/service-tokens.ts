/**
 * Tokens for calls to other services: the service's own (client credentials), or a token exchanged for the caller (RFC 8693). The caller's own
 * token is never forwarded.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693.html RFC 8693}
 * @module
 */

import { createHash } from 'node:crypto'
import { Fault } from '@mandate/protocol'
import { identityAgent } from '@mandate/service'
import { createDiscovery } from './discovery.ts'
import { checkServiceTokensOptions, type ServiceTokensOptions } from './options.ts'
import { RenewedToken } from './service-token.ts'
import { createTokenEndpoint, type IssuedToken, TokenRefusal } from './token-endpoint.ts'

/** Tokens for calls to other services: the service's own (client credentials), and a person's by token exchange (RFC 8693). */
export interface ServiceTokens {
  /** The service's own token for calls to another service. @throws Fault `identity_unavailable`. */
  readonly own: (audience: string) => Promise<string>
  /**
   * A token of the same person, for another service, with this one as `azp`. Kept for the same caller's token until it ends.
   *
   * @throws Fault `unauthenticated` when the caller's token or session has ended, `identity_unavailable` when the identity provider does not answer.
   */
  readonly exchanged: (callersToken: string, audience: string) => Promise<string>
  /** Reports that a token was refused, so that the next call gets a new one. */
  readonly drop: (token: string) => void
  readonly close: () => Promise<void>
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
/** Most exchanged tokens in the cache; the least recently used one is evicted. */
const MAX_KEPT = 10_000

/** Error codes of the token endpoint that concern the caller's token; other codes concern the service or the identity provider. */
const REFUSALS: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_token', 'access_denied', 'invalid_request'])

/** @throws TypeError naming every bad option. */
export function createServiceTokens(options: ServiceTokensOptions): ServiceTokens {
  const checked = checkServiceTokensOptions(options)
  const { issuer, credentials, timeoutMs, tls } = checked
  const dispatcher = identityAgent(tls)
  const discover = createDiscovery({ ...checked, ...checked.provider, dispatcher, now: Date.now })
  const request = createTokenEndpoint({ issuer, discover, credentials, timeoutMs, dispatcher, now: Date.now })
  const kept = new Map<string, RenewedToken>()
  const get = async (key: string, fetch: () => Promise<IssuedToken>): Promise<string> => {
    const token = kept.get(key) ?? new RenewedToken(fetch, Date.now)
    // Moved to the end of the map, which is evicted from its beginning.
    kept.delete(key)
    kept.set(key, token)
    if (kept.size > MAX_KEPT) forgetOne(kept)
    return await token.get(AbortSignal.timeout(timeoutMs)).catch((cause: unknown) => {
      if (token.isSpent) kept.delete(key)
      throw faultOf(cause)
    })
  }
  return {
    own: (audience) => get(`own ${audience}`, () => request({ grant_type: 'client_credentials', scope: audience })),
    exchanged: (callersToken, audience) =>
      // The key is a hash, so that the cache holds no caller's token.
      get(`${createHash('sha256').update(callersToken).digest('base64url')} ${audience}`, () =>
        request({
          grant_type: TOKEN_EXCHANGE,
          subject_token: callersToken,
          subject_token_type: ACCESS_TOKEN,
          requested_token_type: ACCESS_TOKEN,
          scope: audience,
          audience,
        }),
      ),
    drop: (token) => {
      for (const one of kept.values()) one.drop(token)
    },
    close: () => dispatcher.close(),
  }
}

function forgetOne(kept: Map<string, RenewedToken>): void {
  const [oldest] = kept.keys()
  if (oldest !== undefined) kept.delete(oldest)
}

function faultOf(cause: unknown): Fault {
  if (cause instanceof TokenRefusal && REFUSALS.has(cause.error))
    return new Fault('unauthenticated', 'the token cannot be exchanged', { cause })
  return new Fault('identity_unavailable', 'no token could be had', { cause, members: { retry_after: 5 } })
}
