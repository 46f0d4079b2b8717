/**
 * One JSON call to the PDP with the service's own token: the deadline covers the token, the call and its one retry.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '@mandate/protocol'
import type { Dispatcher, Pool } from 'undici'
import type { ServiceToken } from './service-token.ts'

export interface CallOptions {
  readonly pool: Pool
  readonly token: ServiceToken
  readonly timeoutMs: number
}

export interface JsonCall {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly requestId?: string
  readonly body?: unknown
}

export interface JsonAnswer {
  readonly status: number
  /** Parsed when it says it is JSON and is; otherwise `undefined`. */
  readonly body: unknown
  /** Seconds, when the far side named them. */
  readonly retryAfter: string | undefined
}

/** A server that is being restarted is back in a moment; more patience would eat the deadline. */
const RETRY_AFTER_MS = 50

/**
 * @throws the transport's error, or the deadline's `TimeoutError`; any answer at all, 500 included, is returned.
 */
export async function callJson({ pool, token, timeoutMs }: CallOptions, call: JsonCall): Promise<JsonAnswer> {
  const signal = AbortSignal.timeout(timeoutMs)
  const bearer = await token.get(signal)
  const request: Dispatcher.RequestOptions = {
    path: call.path,
    method: call.method,
    headers: {
      authorization: `Bearer ${bearer}`,
      accept: 'application/json',
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(call.requestId === undefined ? {} : { 'x-request-id': call.requestId }),
    },
    body: call.body === undefined ? null : JSON.stringify(call.body),
    signal,
  }
  const response = await withOneRetry(() => pool.request(request), signal)
  if (response.statusCode === 401) token.drop(bearer)
  return await readAnswer(response)
}

/** Only a refused connection is retried: nothing reached the far side, so nothing can happen twice. */
async function withOneRetry<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (!isConnectionRefused(error)) throw error
    await sleep(RETRY_AFTER_MS, undefined, { signal })
    return await attempt()
  }
}

function isConnectionRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
}

async function readAnswer({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<JsonAnswer> {
  const type = String(headers['content-type'] ?? '')
  const text = await body.text()
  const retryAfter = headers['retry-after']
  return {
    status: statusCode,
    body: /^application\/(?:[\w.-]+\+)?json\b/iu.test(type) ? parseJson(text) : undefined,
    retryAfter: typeof retryAfter === 'string' && /^\d{1,4}$/u.test(retryAfter) ? retryAfter : undefined,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The fault that every failed question becomes. `retryAfter` in seconds. */
export function undecided(message: string, retryAfter = '1', cause?: unknown): Fault {
  return new Fault('decision_unavailable', message, { members: { retry_after: Number(retryAfter) }, cause })
}
