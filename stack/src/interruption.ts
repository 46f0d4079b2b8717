/**
 * Handling of Ctrl-C under npm. One key press arrives twice: the terminal signals the whole foreground process group, and npm forwards its signal.
 *
 * @module
 */
import { StartError } from './errors.ts'

/** Ctrl-C, `kill`, and the end of the terminal. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Signals within this time are the same key press: longer than npm takes to forward, shorter than pressing twice. */
const ECHO_MS = 400

/** Options of {@link interruption}. */
export interface InterruptionOptions {
  /** Emitter of the signals: `process`. */
  readonly signals: { on(signal: (typeof SIGNALS)[number], listener: () => void): unknown }
  /** Monotonic clock, in milliseconds. */
  readonly clock: () => number
  readonly onFirst: () => void
  /** Called for a second key press: the user does not want to wait. */
  readonly onSecond: () => void
}

/** Returns an AbortSignal that the first SIGINT, SIGTERM or SIGHUP aborts. */
export function interruption({ signals, clock, onFirst, onSecond }: InterruptionOptions): AbortSignal {
  const controller = new AbortController()
  let firstAt = 0
  const onSignal = (): void => {
    if (!controller.signal.aborted) {
      firstAt = clock()
      onFirst()
      controller.abort(new StartError('interrupted'))
      return
    }
    if (clock() - firstAt > ECHO_MS) onSecond()
  }
  for (const signal of SIGNALS) signals.on(signal, onSignal)
  return controller.signal
}
