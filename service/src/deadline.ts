/**
 * Deadlines of requests: how long an answer is still of use to the caller. Given on explicitly, or to everything that a request starts in this
 * process.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { refuse } from '@mandate/protocol'

/** Whole milliseconds that the sender still waits, 1 to 999999. */
export const TIMEOUT_HEADER = 'Mandate-Timeout-Ms'

const MILLISECONDS = /^[1-9]\d{0,5}$/u

/** An instant of `performance.now()`, and whether the caller set it: a caller's short deadline says nothing about the health of what is called. */
export interface Deadline {
  readonly at: number
  readonly byCaller: boolean
}

/**
 * Reads a {@link TIMEOUT_HEADER}.
 *
 * @param arrivedAt - When the request arrived, as an instant of `performance.now()`. @default now
 * @returns when the caller stops waiting, as an instant of `performance.now()`; `undefined` without a header.
 * @throws Fault `invalid_request` for anything but a whole number of milliseconds from 1 to 999999.
 */
export function callersDeadline(header: string | undefined, arrivedAt = performance.now()): number | undefined {
  if (header === undefined) return undefined
  if (!MILLISECONDS.test(header))
    throw refuse('invalid_request', `${TIMEOUT_HEADER} must be milliseconds, 1 to 999999.`)
  return arrivedAt + Number(header)
}

/** The sooner of the service's own time limit, in milliseconds from now, and the caller's deadline: a caller can only ask for less time than the service would take. */
export function sooner(timeoutMs: number, callers: number | undefined): Deadline {
  const own = performance.now() + timeoutMs
  return callers !== undefined && callers < own ? { at: callers, byCaller: true } : { at: own, byCaller: false }
}

/** Whole milliseconds left, at least 0. */
export function leftMs({ at }: Pick<Deadline, 'at'>): number {
  return Math.max(0, Math.ceil(at - performance.now()))
}

const current = new AsyncLocalStorage<number>()

/** Runs `work`, and everything asynchronous that it starts, under a deadline. @param at - An instant of `performance.now()`. */
export function runWithDeadline<T>(at: number, work: () => T): T {
  return current.run(at, work)
}

/** Whole milliseconds left of the current deadline, at least 0; `undefined` without one. */
export function currentLeftMs(): number | undefined {
  const at = current.getStore()
  return at === undefined ? undefined : leftMs({ at })
}
