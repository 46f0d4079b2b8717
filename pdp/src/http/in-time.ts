/**
 * Runs a request under its caller's deadline (`Mandate-Timeout-Ms`). It bounds waiting for others, not the record: what was decided in time is
 * logged.
 *
 * @module
 */
import { callersDeadline, runWithDeadline, TIMEOUT_HEADER } from '@mandate/service'
import type { RequestHandler } from 'express'
import { exchangeOf } from './exchange.ts'

/** The time that the body took to arrive counts. @throws Fault `invalid_request` for anything but a whole number from 1 to 999999. */
export const inTime: RequestHandler = (req, res, next) => {
  const at = callersDeadline(req.get(TIMEOUT_HEADER), exchangeOf(res).arrived)
  if (at === undefined) next()
  else runWithDeadline(at, next)
}
