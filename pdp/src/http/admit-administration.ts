/**
 * Fair admission of administration and of what is read: the same mechanism as for decisions, with places of its own, so that a flood of questions does not
 * delay a revocation.
 *
 * @module
 */
import type { RequestHandler } from 'express'
import type { Admission } from './admission.ts'
import { accountOf, principalOf } from './exchange.ts'
import type { OperationId } from './openapi/operations.ts'

const STREAMS: ReadonlySet<string> = new Set<OperationId>(['exportDecisions', 'tailDecisions'])

/** Whether an operation's answer lasts. Such answers keep no place: `OpenStreams` limits them. */
export const isStream = (operation: string): boolean => STREAMS.has(operation)

/** Waits for the caller's turn. The place is free once the answer is complete, whether or not the client has read it. */
export function enterAdministration(admission: Pick<Admission, 'enter'>): RequestHandler {
  return async (_req, res, next) => {
    const caller = accountOf(principalOf(res))
    const leave = await admission.enter({ caller, deadline: undefined, isGone: () => res.closed })
    const { end } = res
    const endAndLeave = (...args: readonly unknown[]): unknown => {
      leave()
      return Reflect.apply(end, res, args)
    }
    Object.assign(res, { end: endAndLeave })
    if (res.closed) leave()
    else res.once('close', leave)
    next()
  }
}
