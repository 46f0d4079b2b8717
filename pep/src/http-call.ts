/**
 * One JSON call to a PDP with the service's own token: the deadline covers the token, the call and every further attempt. There is a further attempt
 * only where the one before cannot have been answered with a decision: its connection broke before an answer began, or a PDP answered 503 and there
 * is another PDP. Further attempts are at most a tenth of the first ones, beyond a reserve ({@link RetryBudget}).
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault, withTimeout } from '@mandate/protocol'
import { type Deadline, leftMs, TIMEOUT_HEADER } from '@mandate/service'
import type { Dispatcher } from 'undici'
import { z } from 'zod'
import type { PdpEndpoint, PdpEndpoints } from './pdp-endpoints.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { BearerSource } from './service-token.ts'
import { randomShare } from './throttle.ts'
import type { TraceContext } from './trace-context.ts'

export interface CallOptions {
  readonly endpoints: PdpEndpoints
  readonly token: BearerSource
  /** Of all calls to these PDPs. */
  readonly retries: RetryBudget
}

export interface JsonCall {
  /** Idempotent methods and questions only, so every call may be retried. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the PDP's base URL. */
  readonly path: string
  readonly requestId?: string
  /** The trace that the call belongs to. */
  readonly trace?: Partial<TraceContext> | undefined
  readonly body?: unknown
  /** Cancels the call when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

export interface JsonAnswer {
  readonly status: number
  /** The parsed JSON body; `undefined` when it is not JSON. */
  readonly body: unknown
  /** `Retry-After` in seconds, when present. */
  readonly retryAfter: string | undefined
  /** `X-Evaluation-ID`, when present. */
  readonly evaluationId: string | undefined
}

/** Shortest delay before the same host is tried again, in milliseconds, up to twice as long: enough for a restart behind a proxy, short against the deadline. */
const RETRY_AFTER_MS = 50
/** The connection was refused, could not be made, or closed. */
const BROKEN = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
])
/** A PDP that answers this has decided nothing. */
const UNAVAILABLE = 503

/** The connection broke before the head of an answer was read. */
class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

/**
 * @throws the transport's error, the deadline's `TimeoutError`, or the reason of the call's own signal; any answer at all, 500 included, is returned.
 */
export async function callJson(options: CallOptions, call: JsonCall, deadline: Deadline): Promise<JsonAnswer> {
  return await withTimeout(leftMs(deadline), async (limit) => {
    const signal = call.signal === undefined ? limit : AbortSignal.any([limit, call.signal])
    const order = options.endpoints.order()
    const { retries } = options
    retries.asked()
    for (const [at, endpoint] of order.entries()) {
      const next = order[at + 1]
      const result = await resultOf(options, endpoint, call, deadline, signal)
      if (result instanceof Unanswered) {
        if (next === undefined || !retries.take()) throw result.cause
        if (next === endpoint) await sleep(RETRY_AFTER_MS * (1 + randomShare()), undefined, { signal })
        continue
      }
      const isFinal = result.status !== UNAVAILABLE || next === undefined || next === endpoint
      if (isFinal || !retries.take()) return result
    }
    throw new TypeError('there is no PDP to ask')
  })
}

/** Asks one PDP, and keeps the record of its health. */
async function resultOf(
  { endpoints, token }: CallOptions,
  endpoint: PdpEndpoint,
  call: JsonCall,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<JsonAnswer | Unanswered> {
  try {
    const bearer = await bearerOf(token, signal)
    let answer = await attempt(endpoint, bearer, call, deadline, signal)
    // The token has been replaced meanwhile, such as after a rotation of the issuer's keys. A refused token decided nothing.
    if (answer.status === 401 && token.drop(bearer))
      answer = await attempt(endpoint, await bearerOf(token, signal), call, deadline, signal)
    if (answer.status === UNAVAILABLE) endpoints.failed(endpoint)
    else endpoints.answered(endpoint)
    return answer
  } catch (error) {
    if (error instanceof NoToken) throw error.cause
    // A caller's short deadline, or a caller that disconnects, says nothing about the PDP.
    if (!call.signal?.aborted && !(deadline.byCaller && signal.aborted)) endpoints.failed(endpoint)
    if (error instanceof Unanswered) return error
    throw error
  }
}

class NoToken extends Error {
  override readonly name = 'NoToken'
}

/** @throws NoToken: a token that cannot be had says nothing about the PDP. */
async function bearerOf(token: BearerSource, signal: AbortSignal): Promise<string> {
  try {
    return await token.get(signal).catch(async (error: unknown) => {
      if (!isBroken(error)) throw error
      await sleep(RETRY_AFTER_MS, undefined, { signal })
      return await token.get(signal)
    })
  } catch (cause) {
    throw new NoToken('no token for the PDP', { cause })
  }
}

/** @throws Unanswered when the connection broke before an answer began; else the transport's error. */
async function attempt(
  { pool, basePath }: PdpEndpoint,
  bearer: string,
  call: JsonCall,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<JsonAnswer> {
  const response = await pool
    .request({
      path: basePath + call.path,
      method: call.method,
      headers: {
        authorization: `Bearer ${bearer}`,
        accept: 'application/json',
        [TIMEOUT_HEADER]: String(leftMs(deadline)),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(call.requestId === undefined ? {} : { 'x-request-id': call.requestId }),
        ...traceHeaders(call.trace),
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
      signal,
    })
    .catch((cause: unknown) => {
      throw isBroken(cause) ? new Unanswered('no answer began', { cause }) : cause
    })
  return await readAnswer(response)
}

function traceHeaders({ traceparent, tracestate }: Partial<TraceContext> = {}): Readonly<Record<string, string>> {
  if (traceparent === undefined) return {}
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate }
}

function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && BROKEN.has(String(error.code))
}

async function readAnswer({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<JsonAnswer> {
  const type = String(headers['content-type'] ?? '')
  const text = await body.text()
  const retryAfter = headers['retry-after']
  const evaluationId = headers['x-evaluation-id']
  return {
    status: statusCode,
    body: /^application\/(?:[\w.-]+\+)?json\b/iu.test(type) ? parseJson(text) : undefined,
    retryAfter: typeof retryAfter === 'string' && /^\d{1,4}$/u.test(retryAfter) ? retryAfter : undefined,
    evaluationId: typeof evaluationId === 'string' && /^[\w.-]{1,128}$/u.test(evaluationId) ? evaluationId : undefined,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What a PDP says about a refusal (RFC 9457): the members that a developer needs. */
export interface Objection {
  readonly code?: string | undefined
  readonly detail?: string | undefined
  /** The member of the request that it is about. */
  readonly field?: string | undefined
}

/** Longest text of a PDP that is taken over, in characters. */
const MAX_TEXT = 500
const text = z
  .string()
  .transform((all) => all.slice(0, MAX_TEXT))
  .optional()
  .catch(undefined)
const objectionSchema = z.looseObject({ code: text, detail: text, field: text })

export function objectionOf({ body }: Pick<JsonAnswer, 'body'>): Objection {
  return objectionSchema.safeParse(body).data ?? {}
}

/** For the log: what the PDP answered, and why. */
export function describeRefusal(answer: Pick<JsonAnswer, 'status' | 'body'>): string {
  const { code, detail } = objectionOf(answer)
  return [`the PDP answered ${answer.status}`, code, detail].filter(Boolean).join(' ')
}

/** Makes the fault of a failed question. `retryAfter` in seconds. */
export function undecided(message: string, retryAfter = '1', cause?: unknown): Fault {
  return new Fault('decision_unavailable', message, { members: { retry_after: Number(retryAfter) }, cause })
}
