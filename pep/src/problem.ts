/**
 * Refusals on Express's response, and the one error handler of a service.
 *
 * @module
 */
import type { Fault, Problem } from '@mandate/protocol'
import { answerProblems, PROBLEM_HEADERS, problemResponse, sendProblemResponse } from '@mandate/service'
import type { ErrorRequestHandler, Request, Response } from 'express'
import type { Authz } from './authz.ts'
import { stderrLogger } from './default-logger.ts'
import { arrivalOf, hasCredentials } from './identify.ts'
import type { Outcome } from './outcome.ts'
import {
  type Challenge,
  challenged,
  ofRequest,
  type PepLogger,
  type Refusal,
  refusalOfDenial,
  refusalOfFault,
} from './refusal.ts'

/** The challenge of a request's enforcement point. */
const challenges = new WeakMap<object, Challenge>()

export function challengesFor(req: Request, challenge: Challenge): void {
  challenges.set(req, challenge)
}

/** A 401 carries its challenge wherever it comes from (RFC 9110, section 15.5.2). */
const withOwnChallenge = (refusal: Refusal, { req }: Response): Refusal =>
  challenged(refusal, challenges.get(req) ?? { realm: 'service' }, hasCredentials(req.headersDistinct))

export function sendRefusal(res: Response, refusal: Refusal): void {
  sendProblemResponse(res, withOwnChallenge(refusal, res))
}

/** Answers with a problem (RFC 9457, `application/problem+json`), never cached. */
export function sendProblem(res: Response, problem: Problem): void {
  sendRefusal(res, { status: problem.status, headers: PROBLEM_HEADERS, problem })
}

/** Answers with the fault's code; logs it when the cause is on this side (5xx). `members.retry_after` also becomes `Retry-After`. */
export function answerFault(res: Response, fault: Fault, logger?: PepLogger): void {
  sendRefusal(res, refusalOfFault(fault, logger))
}

/** Answers a denial: 403 with reason code, text for people, chain and evaluation id. */
export function answerDenial(res: Response, outcome: Outcome, authz: Authz): void {
  sendRefusal(res, refusalOfDenial(outcome, authz))
}

/**
 * The one error handler of a service: mount it last. Anything that is not a fault, nor a mistake of the request that Express or a body parser
 * found, is 500 `internal`, and logged with the request's id. An error after the headers are sent ends the connection.
 *
 * @param logger - Gets faults of this side (5xx). By default they go to standard error, a line of JSON each.
 */
export function problems(logger: PepLogger = stderrLogger): ErrorRequestHandler {
  const respond = (fault: Fault, res: Response) => withOwnChallenge(problemResponse(fault), res)
  return (error, req, res, next) => {
    // A public route has none yet: `authenticate()` did not run.
    const requestId = res.getHeader('X-Request-ID') ?? arrivalOf(req.headersDistinct).requestId
    if (!res.headersSent) res.setHeader('X-Request-ID', requestId)
    answerProblems({ logger: ofRequest(logger, requestId), respond })(error, req, res, next)
  }
}
