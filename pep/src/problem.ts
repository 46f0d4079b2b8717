/**
 * Refusals on Express's response, and the one error mapper of a service.
 *
 * @module
 */
import { Fault, type Problem, type ProblemCode } from '@mandate/protocol'
import type { ErrorRequestHandler, Request, Response } from 'express'
import type { Authz } from './authz.ts'
import { stderrLogger } from './default-logger.ts'
import { hasCredentials } from './identify.ts'
import type { Outcome } from './outcome.ts'
import { challenged, type PepLogger, type Refusal, refusalOfDenial, refusalOfFault } from './refusal.ts'

/** The realm that a request's challenges name. */
const realms = new WeakMap<object, string>()

export function challengesFor(req: Request, realm: string): void {
  realms.set(req, realm)
}

/** Whoever refuses, and wherever: a 401 carries its challenge (RFC 9110, section 15.5.2). */
export function sendRefusal(res: Response, refusal: Refusal): void {
  const realm = realms.get(res.req) ?? 'service'
  const { status, headers, problem } = challenged(refusal, realm, hasCredentials(res.req.headersDistinct))
  res.status(status).set(headers).send(JSON.stringify(problem))
}

export function sendProblem(res: Response, problem: Problem): void {
  const headers = { 'Content-Type': 'application/problem+json; charset=utf-8', 'Cache-Control': 'no-store' }
  sendRefusal(res, { status: problem.status, headers, problem })
}

/** Answers with the fault's code; logs it when the cause is on this side (5xx). `members.retry_after` also becomes `Retry-After`. */
export function answerFault(res: Response, fault: Fault, logger?: PepLogger): void {
  sendRefusal(res, refusalOfFault(fault, logger))
}

/** A denial: 403 with the reason's code, what the person may read, the chain, and the id under which it is logged. */
export function answerDenial(res: Response, outcome: Outcome, authz: Authz): void {
  sendRefusal(res, refusalOfDenial(outcome, authz))
}

/** What Express and its body parser throw, by the status they carry. */
const CLIENT_ERRORS: ReadonlyMap<number, ProblemCode> = new Map([
  [400, 'invalid_request'],
  [404, 'not_found'],
  [413, 'payload_too_large'],
  [415, 'invalid_request'],
])

/**
 * The one error mapper of a service: mount it last. Anything that is not a fault is 500 `internal`, and logged.
 *
 * @param logger - Gets faults of this side (5xx). By default they go to standard error, a line of JSON each.
 */
export function problems(logger: PepLogger = stderrLogger): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) return next(error)
    if (error instanceof Fault) return answerFault(res, error, logger)
    const status = error instanceof Error && 'status' in error ? error.status : undefined
    const code = typeof status === 'number' ? CLIENT_ERRORS.get(status) : undefined
    return answerFault(res, new Fault(code ?? 'internal', 'unexpected error', { cause: error }), logger)
  }
}
