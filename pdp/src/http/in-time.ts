/**
 * `Mandate-Timeout-Ms`: a caller says how long it still waits, and no answer is looked for beyond that.
 *
 * @module
 */
import { refuse } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { withDeadline } from '../runtime/deadline.ts'
import { exchangeOf } from './exchange.ts'

const HEADER = 'Mandate-Timeout-Ms'
const MILLISECONDS = /^[1-9]\d{0,5}$/u

/** What the body took to arrive is over by then. @throws Fault `invalid_request` for what is no whole number from 1 to 999999. */
export const inTime: RequestHandler = (req, res, next) => {
  const header = req.get(HEADER)
  if (header === undefined) return next()
  if (!MILLISECONDS.test(header)) throw refuse('invalid_request', `${HEADER}: must be milliseconds, 1 to 999999.`)
  const passed = performance.now() - exchangeOf(res).arrived
  return withDeadline(Number(header) - passed, next)
}
