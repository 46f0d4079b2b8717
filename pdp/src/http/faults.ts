/**
 * Faults at the door: every one becomes RFC 9457 and an entry, and the entry comes first (rule L1).
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto'
import { addressBlock, Fault, PROBLEMS, type Problem, type ProblemCode, problemOf } from '@mandate/protocol'
import type { ErrorRequestHandler, Request, RequestHandler } from 'express'
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

export const notFound: RequestHandler = (_req, _res, next) => {
  next(new Fault('not_found', 'no such route'))
}

/** The one mapper. An error that is no fault is one of ours: `internal`, its text in the operations log alone. */
export function answerFaults(
  { record, logger, metrics }: FaultDeps,
  anonymous: AnonymousRefusals,
): ErrorRequestHandler {
  return async (error: unknown, req, res, _next) => {
    const exchange = exchangeOf(res)
    let fault = faultOf(error)
    if (PROBLEMS[fault.code].status >= 500)
      logger.error({ err: fault, cause: fault.cause, requestId: exchange.keptId }, fault.code)
    try {
      await recordFault(fault, exchange, req, record, anonymous)
    } catch (cause) {
      fault = new Fault('log_unavailable', 'a refusal could not be recorded', { cause })
      logger.error({ err: fault, requestId: exchange.keptId }, fault.code)
    }
    metrics.fault(fault.code)
    if (res.headersSent) {
      res.destroy()
      return
    }
    const { status } = PROBLEMS[fault.code]
    if (status === 401) res.set('www-authenticate', challengeFor(fault))
    if (status === 429 || status === 503)
      res.set('retry-after', String(fault.code === 'index_unavailable' ? INDEX_RETRY_AFTER : RETRY_AFTER))
    res
      .status(status)
      .type('application/problem+json')
      .send(JSON.stringify(bodyOf(fault, exchange)))
  }
}

const bodyOf = (fault: Fault, exchange: Exchange): Problem =>
  problemOf(fault.code, fault.detail, { ...fault.members, request_id: exchange.requestId })

const challengeFor = (fault: Fault): string =>
  fault.members?.['error'] === 'invalid_token'
    ? 'Bearer realm="mandate", error="invalid_token"'
    : 'Bearer realm="mandate"'

/** What cannot be read of a body carries the status of a caller's mistake; everything else that is no fault is ours. */
function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error
  const status = isHttpError(error) ? error.status : 500
  if (status === 413)
    return new Fault('payload_too_large', 'body too large', {
      cause: error,
      ...(hasLimit(error) ? { detail: `The body may take ${error.limit} bytes.` } : {}),
    })
  if (status < 500)
    return new Fault('invalid_request', 'unreadable body', {
      cause: error,
      detail: 'The body cannot be read: send UTF-8 JSON, uncompressed or gzip.',
    })
  if (error instanceof URIError) return new Fault('invalid_request', 'malformed path', { cause: error })
  return new Fault('internal', error instanceof Error ? error.message : 'unknown error', { cause: error })
}

/** By http-errors, which body-parser makes of everything that goes wrong: not all of that has a type, such as a broken compression. */
const isHttpError = (error: unknown): error is { readonly status: number } =>
  error instanceof Error && 'expose' in error && 'status' in error && typeof error.status === 'number'

/** By body-parser, of a body that is too large. */
const hasLimit = (error: unknown): error is { readonly limit: number } =>
  error instanceof Error && 'limit' in error && typeof error.limit === 'number'

async function recordFault(
  fault: Fault,
  exchange: Exchange,
  req: Request,
  record: Recorder,
  anonymous: AnonymousRefusals,
): Promise<void> {
  const { status } = PROBLEMS[fault.code]
  // A log that cannot be written is not told so, and nothing is recorded at an instant that cannot be believed.
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
