/**
 * How long an answer is still of use: the service's own bound, or less when whoever asks said so.
 *
 * @module
 */
import { refuse } from '@mandate/protocol'

/** Milliseconds that the sender still waits. Read from a caller, sent on to the PDP with what is left of it. */
export const TIMEOUT_HEADER = 'Mandate-Timeout-Ms'

const PATIENCE = /^[1-9]\d{0,5}$/u

/** An instant of `performance.now()`, and whether the caller set it: a hasty caller says nothing about the PDP's health. */
export interface Deadline {
  readonly at: number
  readonly byCaller: boolean
}

/**
 * When the caller stops waiting.
 *
 * @returns `undefined` when it does not say.
 * @throws Fault `invalid_request` for what is no whole number of milliseconds from 1 to 999999.
 */
export function callersDeadline(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  if (!PATIENCE.test(header)) throw refuse('invalid_request', `${TIMEOUT_HEADER} must be milliseconds, 1 to 999999.`)
  return performance.now() + Number(header)
}

/** The sooner of both: a caller can only ask for less time than the service would take. */
export function sooner(timeoutMs: number, callers: number | undefined): Deadline {
  const own = performance.now() + timeoutMs
  return callers !== undefined && callers < own ? { at: callers, byCaller: true } : { at: own, byCaller: false }
}

/** Whole milliseconds left, at least 0. */
export function leftMs({ at }: Deadline): number {
  return Math.max(0, Math.ceil(at - performance.now()))
}
