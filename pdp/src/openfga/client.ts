/**
 * The hot path to OpenFGA: pooled keep-alive requests under one deadline, one bounded retry, a circuit breaker, and slots that callers share
 * fairly. Errors are converted to faults, without the text of the server's response.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Fault, withTimeout } from '@mandate/protocol'
import { Breaker, type ClientTls, connectOf, currentLeftMs } from '@mandate/service'
import { Pool } from 'undici'
import { currentSpan } from '../ports/tracing.ts'
import { currentWorkload } from '../ports/workload.ts'
import type { RelationsOutcome } from '../runtime/metrics.ts'
import { type ApiToken, presentToken } from './api-token.ts'
import { type PostOptions, post } from './post.ts'
import { isRefusal, Refusal, refusalCode } from './refusal.ts'
import { FairSlots } from './slots.ts'

export interface ClientOptions {
  /** Base URL of the OpenFGA HTTP API. */
  readonly url: string
  /** A value, or a function that is called for each request. */
  readonly apiToken?: ApiToken
  /** Time for one call, its retry included, in milliseconds. @default 500 */
  readonly deadlineMs?: number
  readonly tls?: ClientTls | undefined
  /** Called after every call with its outcome and duration in milliseconds. */
  readonly observe?: (outcome: RelationsOutcome, ms: number) => void
}

/** More than there are slots for questions, so that a call with a slot never waits for a connection. */
const CONNECTIONS = 128
/** Consecutive failures after which OpenFGA's health endpoint is queried, and how long the circuit then stays open, in milliseconds. */
const BREAKER = { threshold: 8, openMs: 1_000, now: () => performance.now() } as const
const RETRY_AFTER_MS = 20

type AnswerBody = Readonly<Record<string, unknown>>
type Request = Omit<PostOptions, 'signal'>
type Around = (send: () => Promise<AnswerBody>) => Promise<AnswerBody>

/** POSTs JSON to one OpenFGA. Rejects with `Fault('relations_unavailable')`: a {@link Refusal} when OpenFGA answers and does not take the request. */
export class OpenFgaClient {
  readonly #pool: Pool
  readonly #apiToken: ApiToken
  readonly #deadlineMs: number
  readonly #observe: NonNullable<ClientOptions['observe']>
  readonly #slots = new FairSlots()
  readonly #breaker = new Breaker(BREAKER)

  constructor(options: ClientOptions) {
    const { url, tls } = options
    this.#pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1, connect: connectOf(tls) })
    this.#deadlineMs = options.deadlineMs ?? 500
    this.#observe = options.observe ?? (() => undefined)
    this.#apiToken = options.apiToken
  }

  /** @param around - Wraps the sending of the request, once it has a slot. */
  async post(path: string, body: unknown, around: Around = (send) => send()): Promise<AnswerBody> {
    this.#requireTime()
    this.#require(this.#breaker.openForMs())
    const giveBack = await this.#slot()
    try {
      return await around(() => this.#observed(path, body))
    } finally {
      giveBack()
    }
  }

  /** @throws Fault when the circuit is open or the caller's deadline has passed. */
  #require(openForMs: number): void {
    if (openForMs === 0) return
    this.#observe('refused', 0)
    throw unavailable('circuit open')
  }

  #requireTime(): void {
    if (currentLeftMs() !== 0) return
    this.#observe('refused', 0)
    throw unavailable("the caller's deadline has passed")
  }

  #headers(): Readonly<Record<string, string>> {
    const token = presentToken(this.#apiToken)
    return { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
  }

  /** Waits for a slot until the caller's deadline. Waiting does not count as a failure of OpenFGA, because the queue is in this process. */
  async #slot(): Promise<() => void> {
    const left = currentLeftMs()
    try {
      const work = currentWorkload()
      return await (left === undefined
        ? this.#slots.take(work)
        : withTimeout(left, (signal) => this.#slots.take(work, signal)))
    } catch (cause) {
      this.#observe('refused', 0)
      throw unavailable('others were asking in the time that was left', cause)
    }
  }

  async #observed(path: string, body: unknown): Promise<AnswerBody> {
    const text = JSON.stringify(body)
    this.#requireTime()
    this.#require(this.#breaker.enter())
    const begin = performance.now()
    const span = currentSpan()?.child('openfga', 'client')
    const end = (outcome: 'answered' | 'failed'): void => {
      this.#observe(outcome, performance.now() - begin)
      const failure = outcome === 'failed' ? { 'error.type': 'relations_unavailable' } : {}
      span?.end({ 'mandate.outcome': outcome, ...failure })
    }
    try {
      const headers = { ...this.#headers(), ...(span ? { traceparent: span.traceparent } : {}) }
      const answer = await this.#inTime({ path, body: text, headers }, currentLeftMs())
      end('answered')
      return answer
    } catch (error) {
      end('failed')
      throw error
    }
  }

  async #inTime(request: Request, left: number | undefined): Promise<AnswerBody> {
    const isHurried = left !== undefined && left < this.#deadlineMs
    return await withTimeout(isHurried ? left : this.#deadlineMs, async (signal) => {
      try {
        const answer = await this.#twice({ ...request, signal })
        this.#breaker.succeeded()
        return answer
      } catch (cause) {
        // A caller's short deadline, or a request that OpenFGA refuses, must not open the breaker.
        const isRefused = cause instanceof Refusal
        const isCallers = isHurried && signal.aborted && !isRefused
        if (isCallers || isRefused) this.#breaker.unclear()
        else await this.#countFailure()
        if (isCallers) throw unavailable('no answer in the time that was left', cause)
        throw cause instanceof Fault ? cause : unavailable('no answer', cause)
      }
    })
  }

  /** Questions that time out may be one caller's costly ones: the breaker opens only when OpenFGA's own health check fails. */
  async #countFailure(): Promise<void> {
    if (this.#breaker.isAboutToOpen && (await this.isReachable(this.#deadlineMs / 2))) this.#breaker.succeeded()
    else this.#breaker.failed()
  }

  async #twice(request: PostOptions): Promise<AnswerBody> {
    const { signal } = request
    try {
      return await this.#once(request)
    } catch (error) {
      if (!isTransient(error) || signal.aborted) throw error
      await delay(RETRY_AFTER_MS, undefined, { signal })
      return await this.#once(request)
    }
  }

  async #once(request: PostOptions): Promise<AnswerBody> {
    const { status, text } = await post(this.#pool, request)
    if (status !== 200 && isRefusal(status)) throw new Refusal(status, refusalCode(parse(text)))
    if (status !== 200) throw unavailable(`status ${status} ${refusalCode(parse(text))}`)
    const value: unknown = parse(text)
    if (typeof value !== 'object' || value === null) throw unavailable('answer is no JSON object')
    return value as AnswerBody
  }

  /** Queries the health endpoint, which also checks the database of OpenFGA. */
  async isReachable(withinMs = this.#deadlineMs): Promise<boolean> {
    try {
      const response = await this.#pool.request({
        method: 'GET',
        path: '/healthz',
        signal: AbortSignal.timeout(Math.ceil(withinMs)),
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
