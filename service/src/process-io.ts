/**
 * What a command line sees of its process. Commands are given a {@link ProcessIo} and do not use `process`, so that they run in tests as they are.
 *
 * @module
 */
import process from 'node:process'

/** Streams, environment and signals of a process. */
export interface ProcessIo {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Shows the progress of long work; `undefined` clears it. Absent when stderr is not a terminal. */
  readonly progress?: (text: string | undefined) => void
  /** Installs a handler that aborts the signal on Ctrl-C, instead of ending the process. */
  readonly untilInterrupted?: () => AbortSignal
}

const CLEAR_LINE = '\r\u001b[2K'

/** The present process. A closed output pipe (`| head`) ends it, as a normal end. To be called once. */
export function processIo(): ProcessIo {
  process.stdout.on('error', () => process.exit())
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    environment: process.env,
    untilInterrupted,
    ...(process.stderr.isTTY ? { progress: (text) => process.stderr.write(`${CLEAR_LINE}${text ?? ''}`) } : {}),
  }
}

/** Aborts on the first SIGINT or SIGTERM. A second one ends the process, as its handler is gone. */
function untilInterrupted(): AbortSignal {
  const end = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort())
  return end.signal
}
