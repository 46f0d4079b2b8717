#!/usr/bin/env node
/**
 * `mandate-audit`: see `--help`.
 *
 * @module
 */
import process from 'node:process'
import { run } from './cli.ts'

/** A reader that has seen enough (`| head`) is no failure. */
process.stdout.on('error', () => process.exit())

/** The first Ctrl-C ends what would go on for ever; the second ends everything. */
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
