/**
 * The issuer's keys, by which tokens are verified.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose'
import { Agent, fetch } from 'undici'
import type { ClientTls } from '../runtime/client-tls.ts'

/** Known for ten minutes without the identity provider; a key of a new id is looked up at most every second. In milliseconds. */
const KEYS = { cacheMaxAge: 600_000, cooldownDuration: 1_000, timeoutDuration: 2_000 } as const
/** Tokens of a new key that wait for that second to pass; any more are refused, so that forged ones cannot fill the process. */
const MAX_WAITING = 32

/** The issuer may begin to sign with a key a moment after its keys were fetched: they are fetched once more, as soon as that may be (ADR 0037). */
export function issuerKeys(url: URL, tls?: ClientTls): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(url, tls ? { ...KEYS, [customFetch]: fetchWith(tls) } : KEYS)
  let waiting = 0
  return async (header, token) => {
    try {
      return await keys(header, token)
    } catch (error) {
      const isNew = error instanceof errors.JWKSNoMatchingKey && keys.coolingDown
      if (!isNew || waiting >= MAX_WAITING) throw error
    }
    waiting += 1
    await sleep(KEYS.cooldownDuration).finally(() => {
      waiting -= 1
    })
    return await keys(header, token)
  }
}

function fetchWith(tls: ClientTls): FetchImplementation {
  const dispatcher = new Agent({ connections: 2, connect: { ...tls } })
  // Two of a kind: undici's own fetch takes a dispatcher, Node's built-in one has the types that jose asks for.
  return async (url, { headers, method, redirect, signal }) =>
    (await fetch(url, { headers: [...headers], method, redirect, signal, dispatcher })) as unknown as Response
}
