/**
 * `node test/chaos/early-pdp.ts`: a PDP whose log says that entries are durable before they are written. A crash loses answered decisions: the arm of
 * `npm run chaos` without defences must find them missing.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseConfig, startPdp } from '@mandate/pdp'
import { pino } from 'pino'
import { type AppendFile, type Files, nodeFiles } from '../../pdp/src/log/files.ts'

/** How late entries are written, in milliseconds. */
const LATE_MS = 300

function lateFile(file: AppendFile): AppendFile {
  let written = Promise.resolve()
  const later = (work: () => Promise<void>, lateMs = 0): Promise<void> => {
    written = written.then(() => delay(lateMs)).then(work)
    return written
  }
  return {
    write: (bytes) => {
      const copy = Uint8Array.from(bytes)
      later(() => file.write(copy), LATE_MS).catch((error: unknown) => logger.error({ err: error }, 'not written'))
      return Promise.resolve()
    },
    sync: () => Promise.resolve(),
    truncate: (length) => later(() => file.truncate(length)),
    close: () => later(() => file.close()),
  }
}

const logger = pino({ level: 'warn' })
const real = nodeFiles()
const logFiles: Files = { ...real, create: async (path) => lateFile(await real.create(path)) }
const { config } = parseConfig(process.env, (path) => readFileSync(path, 'utf8'))
const pdp = await startPdp(config, logger, { logFiles })
process.once('SIGTERM', () => void pdp.close().then(() => process.exit(0)))
