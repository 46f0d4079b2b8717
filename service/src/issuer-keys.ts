/**
 * The public keys of a token issuer (JWKS), fetched when they are needed and kept for ten minutes.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CryptoKey,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose'
import { type Dispatcher, fetch } from 'undici'
import { type ClientTls, identityAgent } from './client-tls.ts'

/** How an issuer's keys are fetched. */
export interface IssuerKeysOptions {
  /** Time for one fetch, in milliseconds. @default 2000 */
  readonly timeoutMs?: number
  /** For connections of the keys' own. Ignored when `dispatcher` is given. */
  readonly tls?: ClientTls | undefined
  /** undici dispatcher for the requests; the caller closes it. @default a dispatcher of its own, for responses of at most 64 KiB */
  readonly dispatcher?: Dispatcher | undefined
  /** Keys are fetched again for an unknown `kid` at most this often, in milliseconds. @default 500 */
  readonly cooldownMs?: number
}

/** An issuer's keys, for the verification of its tokens. */
export interface IssuerKeys {
  /**
   * For jose: the key of a token's header. For a `kid` that is unknown right after a fetch it waits until the keys may be fetched again and looks once
   * more, since the issuer may have begun to sign with a new key just then (ADR 0037).
   *
   * @throws JWKSNoMatchingKey when the issuer has no such key, or too many tokens wait already; else jose's error, or that of the connection,
   *   when there are no keys.
   */
  readonly keyFor: JWTVerifyGetKey
  /** The RS256 key of a `kid`, without waiting. @throws as `keyFor`. */
  readonly rsaKey: (kid: string) => Promise<CryptoKey>
  /** Whether keys have been fetched, but not this one. */
  readonly isUnknown: (kid: string | undefined) => boolean
  /** Closes the connections of its own. */
  readonly close: () => Promise<void>
}

/** How long known keys are good without the issuer, in milliseconds. */
const CACHE_MS = 600_000
/** Tokens of an unknown key that wait for the next fetch. More are refused at once, so that forged ones cannot fill the process. */
const MAX_WAITING = 32

/**
 * Makes a cache of an issuer's keys. Nothing is fetched before the first token.
 *
 * @param url - Of the JWKS document (`jwks_uri`).
 */
export function createIssuerKeys(url: URL, options: IssuerKeysOptions = {}): IssuerKeys {
  const { timeoutMs = 2_000, cooldownMs = 500, dispatcher, tls } = options
  const own = dispatcher === undefined ? identityAgent(tls) : undefined
  const keys = createRemoteJWKSet(url, {
    cacheMaxAge: CACHE_MS,
    cooldownDuration: cooldownMs,
    timeoutDuration: timeoutMs,
    [customFetch]: fetchOver(dispatcher ?? own),
  })
  let waiting = 0
  return {
    keyFor: async (header, token) => {
      try {
        return await keys(header, token)
      } catch (error) {
        const mayBeNew = error instanceof errors.JWKSNoMatchingKey && keys.coolingDown
        if (!mayBeNew || waiting >= MAX_WAITING) throw error
      }
      waiting += 1
      await sleep(cooldownMs).finally(() => {
        waiting -= 1
      })
      return await keys(header, token)
    },
    rsaKey: (kid) => keys({ alg: 'RS256', kid }),
    isUnknown: (kid) => {
      const known = keys.jwks()?.keys ?? []
      return known.length > 0 && !known.some((key) => key.kid === kid)
    },
    close: async () => {
      await own?.close()
    },
  }
}

function fetchOver(dispatcher: Dispatcher | undefined): FetchImplementation {
  const through = dispatcher === undefined ? {} : { dispatcher }
  // undici's own fetch takes a dispatcher; the types are those of Node's, which jose asks for.
  return async (url, { headers, method, redirect, signal }) =>
    (await fetch(url, { headers: [...headers], method, redirect, signal, ...through })) as unknown as Response
}
