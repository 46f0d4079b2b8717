#!/usr/bin/env node
/**
 * Entry point of `mandate-audit`. The commands are in `cli.ts`; see `--help`.
 *
 * @module
 */
import process from 'node:process'
import { run } from './cli.ts'

/** A closed output pipe (`| head`) is a normal end. */
process.stdout.on('error', () => process.exit())

/** Aborts on the first SIGINT or SIGTERM. A second one ends the process, as its handler is gone. */
function untilInterrupted(): AbortSignal {
  const end = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort())
  return end.signal
}

const CLEAR_LINE = '\r\u001b[2K'

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  environment: process.env,
  untilInterrupted,
  ...(process.stderr.isTTY ? { progress: (text) => process.stderr.write(`${CLEAR_LINE}${text ?? ''}`) } : {}),
})
