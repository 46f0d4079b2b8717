/**
 * Deadline of a request from its caller (`Mandate-Timeout-Ms`). It bounds calls to other systems, not the log: a decision made in time is recorded.
 *
 * @module
 */
import { callersDeadline, runWithDeadline, TIMEOUT_HEADER } from '@mandate/service'
import type { RequestHandler } from 'express'
import { exchangeOf } from './exchange.ts'

/** Runs the request under its deadline, counted from its arrival. @throws Fault `invalid_request` unless it is an integer from 1 to 999999. */
export const callerDeadline: RequestHandler = (req, res, next) => {
  const at = callersDeadline(req.get(TIMEOUT_HEADER), exchangeOf(res).arrived)
  if (at === undefined) next()
  else runWithDeadline(at, next)
}
