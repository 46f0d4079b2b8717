/**
 * Maps every fault to a problem response (RFC 9457), and records it in the log before the response (rule L1).
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { addressBlock, Fault, PROBLEMS, type ProblemCode, problemOf } from '@mandate/protocol'
import { faultOf, type ProblemResponse, problemResponse, withChallenge } from '@mandate/service'
import type { ErrorRequestHandler } from 'express'
import type { Logger } from 'pino'
import { correlationFields } from '../ports/correlation.ts'
import type { Recorder } from '../ports/recorder.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import { sendProblem } from './respond.ts'

/** `Retry-After` of 429 and 503, in seconds. */
const RETRY_AFTER = 1
/** `Retry-After` while the index is being built, in seconds. */
const INDEX_RETRY_AFTER = 5
/** Distinct sources in one minute's summary, at most; further sources are counted together. */
const MAX_SOURCES = 64
const MINUTE_MS = 60_000

export interface FaultDeps {
  readonly record: Recorder
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'fault'>
}

/** Answers a request that failed, on either server. Rejects only where the exchange has not begun. */
export type AnswerProblem = (error: unknown, res: ServerResponse) => Promise<void>

/** An error that is no Fault becomes `internal`; its text goes to the operations log only. */
export function createProblemAnswers(
  { record, logger, metrics }: FaultDeps,
  anonymous: AnonymousRefusals,
): AnswerProblem {
  return async (error, res) => {
    const fault = faultOf(error)
    const exchange = exchangeOf(res)
    let answered = fault
    let entry: string | undefined
    try {
      entry = await recordFault(fault, exchange, record, anonymous)
    } catch (cause) {
      answered = new Fault('log_unavailable', 'a refusal could not be recorded', { cause })
    }
    const ids = { ...correlationFields(exchange), ...(entry === undefined ? {} : { entry }) }
    if (PROBLEMS[fault.code].status >= 500) logger.error({ err: fault, cause: fault.cause, ...ids }, fault.code)
    if (answered !== fault) logger.error({ err: answered, ...ids }, answered.code)
    metrics.fault(answered.code)
    // The client must not take half a response for a whole one.
    if (res.headersSent) res.destroy()
    else sendProblem(res, responseOf(answered, exchange.requestId))
  }
}

/** The error handler of Express. */
export const answerFaults =
  (answer: AnswerProblem): ErrorRequestHandler =>
  (error: unknown, _req, res, next) => {
    answer(error, res).catch(next)
  }

/** Sends the problem; moves `retry_after` to the `Retry-After` header. */
function responseOf(fault: Fault, requestId: string): ProblemResponse {
  const { retry_after: retryAfter, ...members } = fault.members ?? {}
  const response = withChallenge(
    {
      ...problemResponse(fault),
      problem: problemOf(fault.code, fault.detail, { ...members, request_id: requestId }),
    },
    challengeFor(fault),
  )
  if (response.status !== 429 && response.status !== 503) return response
  const seconds = retryAfter ?? (fault.code === 'index_unavailable' ? INDEX_RETRY_AFTER : RETRY_AFTER)
  return { ...response, headers: { ...response.headers, 'Retry-After': String(seconds) } }
}

const challengeFor = (fault: Fault): string =>
  fault.members?.['error'] === 'invalid_token'
    ? 'Bearer realm="mandate", error="invalid_token"'
    : 'Bearer realm="mandate"'

/** @returns The id of the entry, where the fault has one of its own. */
async function recordFault(
  fault: Fault,
  exchange: Exchange,
  record: Recorder,
  anonymous: AnonymousRefusals,
): Promise<string | undefined> {
  const { status } = PROBLEMS[fault.code]
  // Does not record `log_unavailable`: the log is what failed; nor anything at an instant that is not trusted.
  if (fault.code === 'log_unavailable' || fault.code === 'clock_unavailable') return undefined
  if (!exchange.principal) {
    anonymous.count(addressBlock(exchange.address), fault.code)
    return undefined
  }
  const { name, party, actor, origin } = exchange.principal
  const who = { caller: name, ...(party ? { subject: party } : {}), ...(actor ? { actor } : {}) }
  const kind = status >= 500 ? 'fault' : 'refused'
  // The entry of an evaluation has the id that log lines and the span name.
  const { evaluation } = exchange
  const named = evaluation === undefined ? {} : { id: evaluation }
  const [id] = await record([{ ...named, kind, ...who, ...origin, code: fault.code, status }])
  return id
}

/**
 * Summarizes refusals without a valid caller: one entry per source and minute, from a fixed quota, so that a flood cannot fill the log or delay
 * decisions. A source is a keyed hash of the address, with a new key at every start, because an address is personal data.
 */
export class AnonymousRefusals {
  readonly #key = randomBytes(32)
  readonly #record: Recorder
  readonly #logger: Logger
  readonly #counts = new Map<string, Map<ProblemCode, number>>()
  readonly #timer: NodeJS.Timeout

  constructor({ record, logger }: FaultDeps) {
    this.#record = record
    this.#logger = logger
    this.#timer = setInterval(() => void this.flush(), MINUTE_MS).unref()
  }

  count(address: string, code: ProblemCode): void {
    const hash = createHmac('sha256', this.#key).update(address).digest('base64url').slice(0, 16)
    const source = this.#counts.has(hash) || this.#counts.size < MAX_SOURCES ? hash : 'others'
    const codes = this.#counts.get(source) ?? new Map<ProblemCode, number>()
    codes.set(code, (codes.get(code) ?? 0) + 1)
    this.#counts.set(source, codes)
  }

  /** Writes the summaries. A failure is reported in the operations log only. */
  async flush(): Promise<void> {
    const drafts = [...this.#counts].map(([source, codes]) => ({
      kind: 'refused' as const,
      target: `source:${source}`,
      change: Object.fromEntries(codes),
    }))
    this.#counts.clear()
    if (drafts.length === 0) return
    await this.#record(drafts).catch((error: unknown) =>
      this.#logger.error({ err: error }, 'anonymous refusals not recorded'),
    )
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }
}
