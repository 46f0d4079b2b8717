/**
 * Faults and unexpected errors as RFC 9457 `application/problem+json`. What leaves is written in the tables of the protocol and in a fault's `detail`;
 * no exception's message does.
 *
 * @module
 */
import { Fault, PROBLEMS, type Problem, type ProblemCode, problemOf } from '@mandate/protocol'
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'

/** The part of pino that is used for faults. */
export interface FaultLogger {
  readonly error: (fields: object, message: string) => void
}

/** A response that carries a problem, for any framework. */
export interface ProblemResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly problem: Problem
}

/** Headers of every response that carries a problem. */
export const PROBLEM_HEADERS = {
  'Content-Type': 'application/problem+json; charset=utf-8',
  'Cache-Control': 'no-store',
} as const

/** The response for a fault. `members.retry_after`, in seconds, also becomes `Retry-After`. */
export function problemResponse({ code, detail, members }: Fault): ProblemResponse {
  const retryAfter = members?.['retry_after']
  return {
    status: PROBLEMS[code].status,
    headers: { ...PROBLEM_HEADERS, ...(typeof retryAfter === 'number' ? { 'Retry-After': String(retryAfter) } : {}) },
    problem: problemOf(code, detail, members),
  }
}

/** Adds `WWW-Authenticate` to a 401, which must have one (RFC 9110, section 15.5.2); other responses stay as they are. */
export function withChallenge(response: ProblemResponse, challenge: string): ProblemResponse {
  if (response.status !== 401) return response
  return { ...response, headers: { ...response.headers, 'WWW-Authenticate': challenge } }
}

/** Sends a problem on Express's response. */
export function sendProblemResponse(res: Response, { status, headers, problem }: ProblemResponse): void {
  res.status(status).set(headers).send(JSON.stringify(problem))
}

/** Logs a fault whose cause is on this side (5xx). */
export function logFault(logger: FaultLogger, fault: Fault): void {
  if (PROBLEMS[fault.code].status < 500) return
  logger.error({ err: causeOf(fault), code: fault.code }, fault.message)
}

/** The original error as name, code and message, a bug's stack too: an error's own properties can hold requests, with tokens in them. */
function causeOf({ cause, code, name }: Fault): object {
  if (!(cause instanceof Error)) return { name }
  const stack = code === 'internal' ? { stack: cause.stack } : {}
  return { name: cause.name, message: cause.message, ...('code' in cause ? { code: cause.code } : {}), ...stack }
}

/** Errors of Express, its body parsers and its file server, by the status that they carry. Any other status is a mistake of this side. */
const CODE_BY_STATUS: ReadonlyMap<number, ProblemCode> = new Map([
  [400, 'invalid_request'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [412, 'precondition_failed'],
  [413, 'payload_too_large'],
  [415, 'invalid_request'],
  [416, 'invalid_request'],
])

/** Reads any error that a handler throws as a fault; one that says nothing about the request is `internal`. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error
  const { status, limit } = httpErrorOf(error)
  // Of a path or a text that cannot be percent-decoded or encoded.
  const code = error instanceof URIError ? 'invalid_request' : (CODE_BY_STATUS.get(status ?? 500) ?? 'internal')
  const detail = isOfBody(error) ? bodyDetail(code, limit) : undefined
  return new Fault(code, code === 'internal' ? 'unexpected error' : 'refused by the framework', {
    cause: error,
    ...(detail === undefined ? {} : { detail }),
  })
}

/** As http-errors marks them. */
function httpErrorOf(error: unknown): { readonly status?: number | undefined; readonly limit?: number | undefined } {
  if (!(error instanceof Error)) return {}
  const numberIn = (name: string): number | undefined => {
    const value: unknown = Reflect.get(error, name)
    return typeof value === 'number' ? value : undefined
  }
  return { status: numberIn('status'), limit: numberIn('limit') }
}

/** Body parsers give their errors a `type`; of a body that cannot be decompressed zlib's own error comes through, which has a `code`. */
const isOfBody = (error: unknown): boolean =>
  error instanceof Error && 'expose' in error && ('type' in error || 'code' in error)

function bodyDetail(code: ProblemCode, limit: number | undefined): string | undefined {
  if (code === 'invalid_request') return 'The body cannot be read: send UTF-8 JSON, uncompressed or gzip.'
  return limit === undefined ? undefined : `The body may take ${limit} bytes.`
}

/** What happens to a fault before and beside its response. */
export interface ProblemOptions {
  /** @default logs nothing */
  readonly logger?: FaultLogger
  /** Runs before the response, such as to record the refusal. @returns The fault to answer with. It must not reject. */
  readonly before?: (fault: Fault, req: Request, res: Response) => Promise<Fault>
  /** Makes the response, such as with a challenge. @default problemResponse */
  readonly respond?: (fault: Fault, res: Response) => ProblemResponse
}

/**
 * The error handler of a service, for Express 4 and 5: mount it last. An error after the headers are sent ends the connection, so that the client
 * does not take half a response for a whole one.
 */
export function answerProblems({ logger, before, respond = problemResponse }: ProblemOptions): ErrorRequestHandler {
  const answer = (fault: Fault, res: Response): void => {
    if (res.headersSent) res.destroy()
    else sendProblemResponse(res, respond(fault, res))
  }
  return (error: unknown, req, res, next) => {
    const fault = faultOf(error)
    if (logger) logFault(logger, fault)
    if (before) before(fault, req, res).then((answered) => answer(answered, res), next)
    else answer(fault, res)
  }
}

/** Refuses a request that no route took: mount it behind the routes. */
export const refuseUnknownRoute: RequestHandler = (_req, _res, next) => {
  next(new Fault('not_found', 'no such route'))
}
