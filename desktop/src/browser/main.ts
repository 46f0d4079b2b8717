/**
 * Entry point of the development host: `main.ts --config FILE --data FOLDER --page FOLDER`. Prints a link and runs until interrupted. A link works once;
 * Enter prints another.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { environmentObjection } from '@mandate/protocol'
import { readConfig } from '../main/config.ts'
import { createCore } from '../main/core.ts'
import { mayOpen } from '../shell/links.ts'
import { startBrowserHost } from './host.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { config: text, data: text, page: text } })
const { config: configFile, data: dataDir, page: pageDir } = values
if (!configFile || !dataDir || !pageDir) throw new TypeError('main.ts needs --config, --data and --page')
const objection = environmentObjection(process.env)
if (objection !== undefined) throw new TypeError(objection)

const config = readConfig(JSON.parse(readFileSync(configFile, 'utf8')))
const { issuer, securityPolicy } = config
const host = await startBrowserHost({
  pageDir,
  dataDir,
  createCore: (its) => createCore({ config, host: its }),
  mayOpen: (url) => mayOpen(url, issuer, securityPolicy === undefined ? [] : [securityPolicy]),
})
const tell = (): void => void process.stdout.write(`${host.link()}\n`)
process.stdout.write(
  'Mandate in a browser, for development: anyone with access to this browser can read what you see. The link works once; Enter prints another.\n',
)
tell()
process.stdin.on('data', tell)

/** Does not stop when standard input ends: a background process has none. */
const stop = (): void => {
  process.stdin.pause()
  void host.close()
}
process.once('SIGINT', stop).once('SIGTERM', stop)
