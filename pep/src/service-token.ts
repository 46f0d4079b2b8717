/**
 * One access token, renewed before it expires; concurrent requests share one fetch. A failed renewal has no effect while the previous token is
 * valid.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { IssuedToken } from './token-endpoint.ts'
import { type Readable, read } from './token-endpoint.ts'

/** Source of the bearer token for calls. */
export interface BearerSource {
  /** @throws when no token can be fetched before the signal aborts. */
  readonly get: (signal: AbortSignal) => Promise<string>
  /** Reports that a token was refused. @returns Whether `get` may now return another. */
  readonly drop: (value: string) => boolean
}

interface CachedToken {
  readonly value: string
  readonly asked: EpochMillis
  /** From this instant on a new token is fetched while this one is still used. */
  readonly refreshAt: EpochMillis
  /** From this instant on it is not used. */
  readonly expiresAt: EpochMillis
}

/** A token is renewed when less than this is left, in milliseconds, and not used in its last moments. */
const REFRESH_AHEAD_MS = 60_000
const LAST_MOMENTS_MS = 5_000
/** A token that is refused this soon after it was issued would be refused again. */
const FRESH_MS = 5_000
/** Delay after a failed renewal, in milliseconds. */
const RENEW_EVERY_MS = 1_000

export class RenewedToken implements BearerSource {
  readonly #fetch: () => Promise<IssuedToken>
  readonly #now: () => EpochMillis
  #cached: CachedToken | undefined
  #flight: Promise<string> | undefined
  #renewAfter: EpochMillis = 0

  constructor(fetch: () => Promise<IssuedToken>, now: () => EpochMillis) {
    this.#fetch = fetch
    this.#now = now
  }

  /** @throws when the identity provider refuses, or does not answer before the signal. */
  async get(signal: AbortSignal): Promise<string> {
    const now = this.#now()
    const cached = this.#cached
    if (cached && now < cached.refreshAt) return cached.value
    if (cached && now < cached.expiresAt) {
      if (now >= this.#renewAfter) this.#refresh().catch(() => undefined)
      return cached.value
    }
    return await beforeAbort(this.#refresh(), signal)
  }

  /** Drops a refused token, unless it was issued so recently that a new one would be refused too. */
  drop(value: string): boolean {
    const cached = this.#cached
    if (cached === undefined || cached.value !== value) return true
    if (this.#now() - cached.asked < FRESH_MS) return false
    this.#cached = undefined
    return true
  }

  /** Whether nothing is lost when it is forgotten. */
  get isSpent(): boolean {
    return this.#flight === undefined && (this.#cached === undefined || this.#now() >= this.#cached.expiresAt)
  }

  #refresh(): Promise<string> {
    this.#flight ??= this.#renew().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #renew(): Promise<string> {
    this.#renewAfter = this.#now() + RENEW_EVERY_MS
    const { value, asked, lifeMs } = await this.#fetch()
    this.#cached = {
      value,
      asked,
      refreshAt: asked + Math.max(lifeMs - REFRESH_AHEAD_MS, lifeMs / 2),
      expiresAt: asked + lifeMs - LAST_MOMENTS_MS,
    }
    return value
  }
}

/** An API key of the PDP, for services without an account at the identity provider. */
export function fixedBearer(apiKey: Readable<string>): BearerSource {
  return { get: () => read(apiKey), drop: () => false }
}

/** Waits for a shared result until the caller's own signal aborts; the shared work continues. */
async function beforeAbort<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([shared, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
