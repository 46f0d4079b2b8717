/**
 * One JSON call to the PDP with the service's own token: the deadline covers the token, the call and its one retry.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault, withTimeout } from '@mandate/protocol'
import { type Deadline, leftMs, TIMEOUT_HEADER } from '@mandate/service'
import type { Dispatcher, Pool } from 'undici'
import type { BearerSource } from './service-token.ts'

export interface CallOptions {
  readonly pool: Pool
  readonly token: BearerSource
}

export interface JsonCall {
  /** Idempotent methods and questions only, so every call may be retried. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly requestId?: string
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

/** Delay before the retry, in milliseconds: enough for a restart behind a proxy, short against the deadline. */
const RETRY_AFTER_MS = 50
/** Whether the connection was refused or closed before an answer. */
const BROKEN = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/**
 * @throws the transport's error, the deadline's `TimeoutError`, or the reason of the call's own signal; any answer at all, 500 included, is returned.
 */
export async function callJson(options: CallOptions, call: JsonCall, deadline: Deadline): Promise<JsonAnswer> {
  return await withTimeout(leftMs(deadline), async (limit) => {
    const signal = call.signal === undefined ? limit : AbortSignal.any([limit, call.signal])
    try {
      const { answer, again } = await attempt(options, call, deadline, signal)
      if (!again) return answer
    } catch (error) {
      if (!isBroken(error)) throw error
      await sleep(RETRY_AFTER_MS, undefined, { signal })
    }
    return (await attempt(options, call, deadline, signal)).answer
  })
}

/** `again`: the PDP refused a token that has been replaced meanwhile, such as after a rotation of the issuer's keys. */
async function attempt(
  { pool, token }: CallOptions,
  call: JsonCall,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<{ readonly answer: JsonAnswer; readonly again: boolean }> {
  const bearer = await token.get(signal)
  const response = await pool.request({
    path: call.path,
    method: call.method,
    headers: {
      authorization: `Bearer ${bearer}`,
      accept: 'application/json',
      [TIMEOUT_HEADER]: String(leftMs(deadline)),
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(call.requestId === undefined ? {} : { 'x-request-id': call.requestId }),
    },
    body: call.body === undefined ? null : JSON.stringify(call.body),
    signal,
  })
  const answer = await readAnswer(response)
  return { answer, again: answer.status === 401 && token.drop(bearer) }
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

/** Makes the fault of a failed question. `retryAfter` in seconds. */
export function undecided(message: string, retryAfter = '1', cause?: unknown): Fault {
  return new Fault('decision_unavailable', message, { members: { retry_after: Number(retryAfter) }, cause })
}
