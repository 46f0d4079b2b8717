/**
 * `node test/bench/unlogged.ts`: the PDP with a decision log that is written nowhere, to tell what writing it costs. Not for anything else.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { parseConfig, startPdp } from '@mandate/pdp'
import { pino } from 'pino'
import { type AppendFile, type Files, nodeFiles } from '../../pdp/src/log/files.ts'

const done = (): Promise<void> => Promise.resolve()
const nowhere: AppendFile = { write: done, sync: done, truncate: done, close: done }
const files: Files = {
  ...nodeFiles(),
  create: () => Promise.resolve(nowhere),
  replace: done,
  syncDirectory: done,
  remove: done,
}

const { config } = parseConfig(process.env, (path) => readFileSync(path, 'utf8'))
const pdp = await startPdp(config, pino({ level: config.LOG_LEVEL }), { logFiles: files, claims: false })
process.once('SIGTERM', () => void pdp.close().then(() => process.exit(0)))
