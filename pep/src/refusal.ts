/**
 * Faults and denials as RFC 9457 `application/problem+json`, for any framework. What leaves is written in tables here and in the protocol;
 * no exception's message does.
 *
 * @module
 */
import { type Fault, PROBLEMS, type Problem, problemOf } from '@mandate/protocol'
import type { Authz } from './authz.ts'
import { disclosed, type Outcome } from './outcome.ts'

/** The part of pino that is used here. */
export interface PepLogger {
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** An answer that is no permit: to be sent as it is. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly problem: Problem
}

const PROBLEM_HEADERS = {
  'Content-Type': 'application/problem+json; charset=utf-8',
  'Cache-Control': 'no-store',
} as const

/** By the fault's code; logged when the cause is on this side (5xx). `members.retry_after` also becomes `Retry-After`. */
export function refusalOfFault(fault: Fault, logger?: PepLogger): Refusal {
  const { status } = PROBLEMS[fault.code]
  if (status >= 500) logger?.error({ err: causeOf(fault), code: fault.code }, fault.message)
  const retryAfter = fault.members?.['retry_after']
  return {
    status,
    headers: {
      ...PROBLEM_HEADERS,
      ...(typeof retryAfter === 'number' ? { 'Retry-After': String(retryAfter) } : {}),
    },
    problem: problemOf(fault.code, fault.detail, fault.members),
  }
}

/** RFC 6750, section 3: no error code for a request that carried no credentials. Only a 401 challenges. */
export function challenged(refusal: Refusal, realm: string, hasCredentials: boolean): Refusal {
  if (refusal.status !== 401) return refusal
  const error = hasCredentials ? ', error="invalid_token"' : ''
  return { ...refusal, headers: { ...refusal.headers, 'WWW-Authenticate': `Bearer realm="${realm}"${error}` } }
}

/** The original error as name, code and message, a bug's stack too: an error's own properties can hold requests, with tokens in them. */
function causeOf({ cause, code, name }: Fault): object {
  if (!(cause instanceof Error)) return { name }
  const stack = code === 'internal' ? { stack: cause.stack } : {}
  return { name: cause.name, message: cause.message, ...('code' in cause ? { code: cause.code } : {}), ...stack }
}

/** A denial: 403 with the reason's code, what the person may read, the chain, and the id under which it is logged. */
export function refusalOfDenial(outcome: Outcome, authz: Authz): Refusal {
  const { reason, reason_user, reasons, chain, evaluation_id } = disclosed(outcome, authz)
  return {
    status: 403,
    headers: { ...PROBLEM_HEADERS, ...(evaluation_id === undefined ? {} : { 'X-Evaluation-ID': evaluation_id }) },
    problem: {
      type: `urn:mandate:reason:${reason}`,
      title: 'This was not permitted.',
      status: 403,
      ...(reason_user === undefined ? {} : { detail: reason_user, reason_user }),
      code: reason,
      reasons,
      chain,
      ...(evaluation_id === undefined ? {} : { evaluation_id }),
    },
  }
}
