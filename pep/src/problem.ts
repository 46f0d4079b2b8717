/**
 * Faults and denials as RFC 9457 `application/problem+json`. What leaves is written in tables here and in the protocol; no exception's
 * message does.
 *
 * @module
 */
import { Fault, PROBLEMS, type Problem, type ProblemCode, problemOf } from '@mandate/protocol'
import type { ErrorRequestHandler, Response } from 'express'
import type { Authz } from './authz.ts'
import { disclosed, type Outcome } from './outcome.ts'

/** The part of pino that is used here. */
export interface PepLogger {
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

export function sendProblem(res: Response, problem: Problem): void {
  res.status(problem.status).set('Cache-Control', 'no-store').type('application/problem+json')
  res.send(JSON.stringify(problem))
}

/** Answers with the fault's code; logs it when the cause is on this side (5xx). `members.retry_after` also becomes `Retry-After`. */
export function answerFault(res: Response, fault: Fault, logger?: PepLogger): void {
  const { status } = PROBLEMS[fault.code]
  if (status >= 500) logger?.error({ err: causeOf(fault), code: fault.code }, fault.message)
  const retryAfter = fault.members?.['retry_after']
  if (typeof retryAfter === 'number') res.set('Retry-After', String(retryAfter))
  sendProblem(res, problemOf(fault.code, fault.detail, fault.members))
}

/** The original error as name, code and message: an error's own properties can hold requests, with tokens in them. */
function causeOf(fault: Fault): object {
  const { cause } = fault
  if (!(cause instanceof Error)) return { name: fault.name }
  return { name: cause.name, message: cause.message, ...('code' in cause ? { code: cause.code } : {}) }
}

/** A denial: 403 with the reason's code, what the person may read, the chain, and the id under which it is logged. */
export function answerDenial(res: Response, outcome: Outcome, authz: Authz): void {
  const { reason, reason_user, reasons, chain, evaluation_id } = disclosed(outcome, authz)
  if (evaluation_id !== undefined) res.set('X-Evaluation-ID', evaluation_id)
  sendProblem(res, {
    type: `urn:mandate:reason:${reason}`,
    title: 'This was not permitted.',
    status: 403,
    ...(reason_user === undefined ? {} : { detail: reason_user, reason_user }),
    code: reason,
    reasons,
    chain,
    ...(evaluation_id === undefined ? {} : { evaluation_id }),
  })
}

/** What Express and its body parser throw, by the status they carry. */
const CLIENT_ERRORS: ReadonlyMap<number, ProblemCode> = new Map([
  [400, 'invalid_request'],
  [404, 'not_found'],
  [413, 'payload_too_large'],
  [415, 'invalid_request'],
])

/** The one error mapper of a service: mount it last. Anything that is not a fault is 500 `internal`, and logged. */
export function problems(logger?: PepLogger): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) return next(error)
    if (error instanceof Fault) return answerFault(res, error, logger)
    const status = error instanceof Error && 'status' in error ? error.status : undefined
    const code = typeof status === 'number' ? CLIENT_ERRORS.get(status) : undefined
    return answerFault(res, new Fault(code ?? 'internal', 'unexpected error', { cause: error }), logger)
  }
}
