/**
 * Faults at the door: every one becomes RFC 9457 and an entry, and the entry comes first (rule L1).
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto'
import { addressBlock, Fault, PROBLEMS, type ProblemCode, problemOf } from '@mandate/protocol'
import { answerProblems, type ProblemResponse, problemResponse, withChallenge } from '@mandate/service'
import type { ErrorRequestHandler, Request } from 'express'
import type { Logger } from 'pino'
import type { Recorder } from '../ports/recorder.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type Exchange, exchangeOf } from './exchange.ts'

/** Seconds after which a caller may try again, for 429 and 503. */
const RETRY_AFTER = 1
/** Likewise for an index that is being built. */
const INDEX_RETRY_AFTER = 5
/** How many different sources one minute's summary tells apart; the rest are one. */
const MAX_SOURCES = 64
const MINUTE_MS = 60_000

export interface FaultDeps {
  readonly record: Recorder
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'fault'>
}

/** The one error handler: an error that is no fault is `internal`, its text in the operations log alone. */
export function answerFaults(
  { record, logger, metrics }: FaultDeps,
  anonymous: AnonymousRefusals,
): ErrorRequestHandler {
  return answerProblems({
    before: async (fault, req, res) => {
      const exchange = exchangeOf(res)
      const { keptId: requestId } = exchange
      if (PROBLEMS[fault.code].status >= 500) logger.error({ err: fault, cause: fault.cause, requestId }, fault.code)
      let answered = fault
      try {
        await recordFault(fault, exchange, req, record, anonymous)
      } catch (cause) {
        answered = new Fault('log_unavailable', 'a refusal could not be recorded', { cause })
        logger.error({ err: answered, requestId }, answered.code)
      }
      metrics.fault(answered.code)
      return answered
    },
    respond: (fault, res) => responseOf(fault, exchangeOf(res).requestId),
  })
}

/** `Retry-After` stands in the header alone. */
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

async function recordFault(
  fault: Fault,
  exchange: Exchange,
  req: Request,
  record: Recorder,
  anonymous: AnonymousRefusals,
): Promise<void> {
  const { status } = PROBLEMS[fault.code]
  // Does not record `log_unavailable`: the log is what failed; nor anything at an instant that is not trusted.
  if (fault.code === 'log_unavailable' || fault.code === 'clock_unavailable') return
  if (!exchange.principal) {
    anonymous.count(addressBlock(req.ip ?? ''), fault.code)
    return
  }
  const { name, party, actor, origin } = exchange.principal
  const who = { caller: name, ...(party ? { subject: party } : {}), ...(actor ? { actor } : {}) }
  await record([{ kind: status >= 500 ? 'fault' : 'refused', ...who, ...origin, code: fault.code, status }])
}

/**
 * Refusals without a valid caller: one summary entry a source and minute from a fixed quota, so that a flood of them can never fill the log
 * or fail a decision. A source is told by a keyed hash that changes with every start: an address is personal.
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

  /** Writes what was counted. A failure is told to the operators and to nobody else. */
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
