/**
 * What a command sees of its process: streams, environment, signals. Commands do not use `process`, so that they run in tests as they are.
 *
 * @module
 */

/** Streams, environment and signals of the process. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Opens a page in the person's browser. Absent where there is none. */
  readonly openBrowser?: (url: URL) => Promise<void>
  /** Shows the progress of long work; `undefined` clears it. Absent when stderr is not a terminal. */
  readonly progress?: (text: string | undefined) => void
  /** Installs a handler that aborts the signal on Ctrl-C, instead of ending the process. */
  readonly untilInterrupted?: () => AbortSignal
}
