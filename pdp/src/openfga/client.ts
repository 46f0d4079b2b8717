/**
 * The hot path to OpenFGA: pooled keep-alive requests under one deadline, one bounded retry, a circuit breaker. Errors become faults here;
 * nothing of the server's text leaves.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Fault, within } from '@mandate/protocol'
import { Pool } from 'undici'
import type { ClientTls } from '../client-tls.ts'
import type { RelationsOutcome } from '../metrics.ts'
import { patienceLeftMs } from '../patience.ts'
import { post } from './post.ts'
import { isRefusal, Refusal, refusalCode } from './refusal.ts'

export interface ClientOptions {
  /** Base URL of the OpenFGA HTTP API. */
  readonly url: string
  readonly apiToken?: string | undefined
  /** Time for one call, its retry included, in milliseconds. @default 500 */
  readonly deadlineMs?: number
  readonly connections?: number
  readonly tls?: ClientTls | undefined
  /** Told of every call, and how long it took in milliseconds. */
  readonly observe?: (outcome: RelationsOutcome, ms: number) => void
}

/** Consecutive failures that open the circuit, and how long it stays open before one call may try, in milliseconds. */
const BREAKER = { failures: 8, openMs: 1_000 } as const
const RETRY_AFTER_MS = 20

/** POSTs JSON to one OpenFGA. Rejects with `Fault('relations_unavailable')`: a {@link Refusal} when OpenFGA answers and does not take the request. */
export class OpenFgaClient {
  readonly #pool: Pool
  readonly #headers: Readonly<Record<string, string>>
  readonly #deadlineMs: number
  readonly #observe: NonNullable<ClientOptions['observe']>
  #failures = 0
  #openUntil = 0

  constructor(options: ClientOptions) {
    const { url, connections = 64, tls } = options
    this.#pool = new Pool(url, { connections, pipelining: 1, ...(tls ? { connect: { ...tls } } : {}) })
    this.#deadlineMs = options.deadlineMs ?? 500
    this.#observe = options.observe ?? (() => undefined)
    this.#headers = {
      'content-type': 'application/json',
      ...(options.apiToken ? { authorization: `Bearer ${options.apiToken}` } : {}),
    }
  }

  async post(path: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
    const left = patienceLeftMs()
    const begin = performance.now()
    if (begin < this.#openUntil || left === 0) {
      this.#observe('refused', 0)
      throw unavailable(left === 0 ? 'nobody waits any more' : 'circuit open')
    }
    try {
      const answer = await this.#inTime(path, JSON.stringify(body), left)
      this.#observe('answered', performance.now() - begin)
      return answer
    } catch (error) {
      this.#observe('failed', performance.now() - begin)
      throw error
    }
  }

  async #inTime(path: string, text: string, left: number | undefined): Promise<Readonly<Record<string, unknown>>> {
    const isHurried = left !== undefined && left < this.#deadlineMs
    return await within(isHurried ? left : this.#deadlineMs, async (signal) => {
      try {
        const answer = await this.#twice(path, text, signal)
        this.#failures = 0
        return answer
      } catch (cause) {
        if (cause instanceof Refusal) throw cause
        // Somebody's haste says nothing about OpenFGA's health.
        if (isHurried && signal.aborted) throw unavailable('no answer in the time that was left', cause)
        this.#failures += 1
        if (this.#failures >= BREAKER.failures) this.#openUntil = performance.now() + BREAKER.openMs
        throw cause instanceof Fault ? cause : unavailable('no answer', cause)
      }
    })
  }

  async #twice(path: string, body: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    try {
      return await this.#once(path, body, signal)
    } catch (error) {
      if (!isTransient(error) || signal.aborted) throw error
      await delay(RETRY_AFTER_MS, undefined, { signal })
      return await this.#once(path, body, signal)
    }
  }

  async #once(path: string, body: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const { status, text } = await post(this.#pool, { path, headers: this.#headers, body, signal })
    if (status !== 200 && isRefusal(status)) throw new Refusal(status, refusalCode(parse(text)))
    if (status !== 200) throw unavailable(`status ${status} ${refusalCode(parse(text))}`)
    const value: unknown = parse(text)
    if (typeof value !== 'object' || value === null) throw unavailable('answer is no JSON object')
    return value as Readonly<Record<string, unknown>>
  }

  /** Whether OpenFGA says that it serves, within the deadline. */
  async isReachable(): Promise<boolean> {
    try {
      const response = await this.#pool.request({
        method: 'GET',
        path: '/healthz',
        signal: AbortSignal.timeout(this.#deadlineMs),
      })
      await response.body.dump()
      return response.statusCode === 200
    } catch {
      return false
    }
  }

  async close(): Promise<void> {
    await this.#pool.close()
  }
}

function unavailable(what: string, cause?: unknown): Fault {
  return new Fault('relations_unavailable', `OpenFGA: ${what}`, cause === undefined ? {} : { cause })
}

const isTransient = (error: unknown): boolean => !(error instanceof Refusal)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
