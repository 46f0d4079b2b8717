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

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  environment: process.env,
  untilStopped: () =>
    new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => resolve())
    }),
})
