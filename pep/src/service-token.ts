/**
 * The service's own access token (client credentials), renewed ahead of its end, fetched once however many ask.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { Dispatcher } from 'undici'
import { z } from 'zod'

export interface ServiceTokenOptions {
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: string
  /** The audience scope to ask for, such as `pdp`. */
  readonly scope: string
  /** Time for one token request, in milliseconds. */
  readonly timeoutMs: number
  readonly dispatcher: Dispatcher
  readonly now: () => EpochMillis
}

interface CachedToken {
  readonly value: string
  /** From here on a new one is fetched while this one is still used. */
  readonly refreshAt: EpochMillis
  /** From here on it is not used any more. */
  readonly expiresAt: EpochMillis
}

const tokenResponseSchema = z.object({
  access_token: z.string().min(1),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.number().positive(),
})

/** A token is renewed when less than this is left, in milliseconds, and not used in its last moments. */
const REFRESH_AHEAD_MS = 60_000
const LAST_MOMENTS_MS = 5_000

export class ServiceToken {
  readonly #options: ServiceTokenOptions
  #cached: CachedToken | undefined
  #flight: Promise<string> | undefined

  constructor(options: ServiceTokenOptions) {
    this.#options = options
  }

  /** @throws when the identity provider refuses, or does not answer before the signal or its own time-out. */
  async get(signal: AbortSignal): Promise<string> {
    const now = this.#options.now()
    const cached = this.#cached
    if (cached && now < cached.refreshAt) return cached.value
    const flight = this.#refresh()
    if (cached && now < cached.expiresAt) {
      flight.catch(() => undefined)
      return cached.value
    }
    return await beforeAbort(flight, signal)
  }

  /** Forgets a token that was refused, so that the next call fetches another. */
  drop(value: string): void {
    if (this.#cached?.value === value) this.#cached = undefined
  }

  #refresh(): Promise<string> {
    this.#flight ??= this.#fetch().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #fetch(): Promise<string> {
    const { tokenEndpoint, clientId, clientSecret, scope, timeoutMs, dispatcher, now } = this.#options
    const url = new URL(tokenEndpoint)
    const asked = now()
    const { statusCode, body } = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: {
        authorization: `Basic ${basic(clientId, clientSecret)}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }).toString(),
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (statusCode !== 200) {
      await body.dump()
      throw new Error(`the token endpoint answered ${statusCode}`)
    }
    const answer = tokenResponseSchema.parse(await body.json())
    const lifeMs = answer.expires_in * 1_000
    this.#cached = {
      value: answer.access_token,
      refreshAt: asked + Math.max(lifeMs - REFRESH_AHEAD_MS, lifeMs / 2),
      expiresAt: asked + lifeMs - LAST_MOMENTS_MS,
    }
    return answer.access_token
  }
}

/** RFC 6749, section 2.3.1: both halves form-encoded before they are joined. */
function basic(clientId: string, clientSecret: string): string {
  const encode = (value: string) => new URLSearchParams({ v: value }).toString().slice(2)
  return Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')
}

/** Waits for a shared result no longer than one's own signal allows; the shared work goes on. */
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
