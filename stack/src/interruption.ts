/**
 * Ctrl-C, told apart from its echo: the terminal signals everything in the foreground, and npm passes on what it gets, so that one key
 * press arrives twice.
 *
 * @module
 */
import { StartError } from './errors.ts'

/** Longer than npm takes, shorter than a person. */
const ECHO_MS = 400

export interface InterruptionOptions {
  /** Where SIGINT and SIGTERM arrive. */
  readonly signals: { on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown }
  /** Milliseconds, never going backwards. */
  readonly clock: () => number
  readonly onFirst: () => void
  /** Somebody who does not want to wait. */
  readonly onSecond: () => void
}

/** Aborted by the first signal. */
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
  signals.on('SIGINT', onSignal)
  signals.on('SIGTERM', onSignal)
  return controller.signal
}
