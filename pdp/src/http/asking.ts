/**
 * AuthZEN operations as both servers carry them out: from a parsed body to an answer.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { callersDeadline, runWithDeadline, TIMEOUT_HEADER } from '@mandate/service'
import type { RequestHandler } from 'express'
import type { Principal } from '../pap/pap.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import { type Lane, withWorkload } from '../ports/workload.ts'
import type { Admission, Leave } from './admission.ts'
import { accountOf, type Exchange, exchangeOf, principalOf } from './exchange.ts'
import { jsonBody } from './json-body.ts'
import { type Answer, sendJson } from './respond.ts'

/** A request to an AuthZEN operation, authenticated and parsed as far as JSON. */
export interface AskedRequest {
  readonly body: unknown
  readonly by: Principal
  readonly exchange: Exchange
  /** Whether the caller has disconnected. */
  readonly isGone: () => boolean
}

export interface AskingOperation {
  readonly answer: (request: AskedRequest) => Promise<Answer>
  /** Largest body, in bytes. */
  readonly bodyLimit: number
  readonly lane: Lane
  /** Charges the caller for the bytes of a body that has been read and not parsed. */
  readonly charge?: (by: Principal, bytes: number) => Promise<void>
  /** Lets requests in whose bodies have been read and not parsed: parsing takes time that callers share. */
  readonly admission: Pick<Admission, 'enter'>
}

/**
 * Waits until a request may be parsed and decided.
 *
 * @returns what to call once it has been answered.
 * @throws Fault `invalid_request` unless its deadline is an integer from 1 to 999999; those of {@link Admission}.
 */
export function admit({ admission }: AskingOperation, req: IncomingMessage, res: ServerResponse): Awaitable<Leave> {
  return admission.enter({
    caller: accountOf(principalOf(res)),
    deadline: deadlineOf(req, res),
    isGone: () => res.closed,
  })
}

/** The caller's deadline, counted from the arrival of the request. */
function deadlineOf({ headers }: IncomingMessage, res: ServerResponse): number | undefined {
  const sent = headers[TIMEOUT_LOWER]
  return callersDeadline(Array.isArray(sent) ? sent.join(', ') : sent, exchangeOf(res).arrived)
}

/**
 * Answers a request whose body has been parsed: under its caller's deadline, counted from its arrival, and in the lane of its caller. The deadline
 * bounds calls to other systems, not the log: a decision made in time is recorded.
 *
 * @throws Fault `invalid_request` unless the deadline is an integer from 1 to 999999; and those of the operation.
 */
export async function answerAsked(
  { answer, lane }: AskingOperation,
  req: IncomingMessage,
  res: ServerResponse,
  body: unknown,
): Promise<void> {
  const exchange = exchangeOf(res)
  const by = principalOf(res)
  const deadline = deadlineOf(req, res)
  const work = () => answer({ body, by, exchange, isGone: () => res.closed })
  const { span } = exchange
  const inLane = () => withWorkload({ caller: accountOf(by), lane, correlation: exchange, span }, work)
  sendJson(res, await (deadline === undefined ? inLane() : runWithDeadline(deadline, inLane)))
}

const TIMEOUT_LOWER = TIMEOUT_HEADER.toLowerCase()

/** The handlers of an operation in Express. */
export function askingHandlers(operation: AskingOperation): readonly RequestHandler[] {
  const { bodyLimit, charge } = operation
  const places = new WeakMap<ServerResponse, Leave>()
  const entering: RequestHandler = async (req, res, next) => {
    const body: unknown = req.body
    if (body instanceof Uint8Array) await charge?.(principalOf(res), body.length)
    const leave = await admit(operation, req, res)
    places.set(res, leave)
    // For a body that cannot be parsed.
    if (res.closed) leave()
    else res.once('close', leave)
    next()
  }
  const answering: RequestHandler = async (req, res) => {
    try {
      await answerAsked(operation, req, res, req.body)
    } finally {
      // Before the client has read the answer: a slow reader must not keep the place.
      places.get(res)?.()
    }
  }
  return [...jsonBody(bodyLimit, 'required', entering), answering]
}
