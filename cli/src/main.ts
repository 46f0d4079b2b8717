#!/usr/bin/env node
/**
 * Entry point of `mandate`. The commands are in `commands/`; see `--help`.
 *
 * @module
 */
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

// Before anything else is imported. In the user's own folder: the default is one that every user of the machine can write to.
enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mandate', 'compile'))
const { run } = await import('./program.ts')
const { hasBrowser, openInBrowser } = await import('./browser.ts')

// npm runs scripts in the folder of package.json: files are named from where the person is.
const calledFrom = process.env['npm_lifecycle_event'] === 'mandate' ? process.env['INIT_CWD'] : undefined
if (calledFrom) process.chdir(calledFrom)

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
  ...(hasBrowser(process.platform, process.env) ? { openBrowser: openInBrowser } : {}),
  ...(process.stderr.isTTY ? { progress: (text) => process.stderr.write(`${CLEAR_LINE}${text ?? ''}`) } : {}),
})
