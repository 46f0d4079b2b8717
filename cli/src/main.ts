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
const { processIo } = await import('@mandate/service/process-io')

// npm runs scripts in the folder of package.json: files are named from where the person is.
const calledFrom = process.env['npm_lifecycle_event'] === 'mandate' ? process.env['INIT_CWD'] : undefined
if (calledFrom) process.chdir(calledFrom)

process.exitCode = await run(process.argv.slice(2), {
  ...processIo(),
  ...(hasBrowser(process.platform, process.env) ? { openBrowser: openInBrowser } : {}),
})
