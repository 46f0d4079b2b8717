/**
 * `node src/server/main.ts`: the auditor's workplace. `--print-config` prints the settings without their secrets.
 * Exit statuses: see `runService`.
 *
 * @module
 */
import { redaction, runService } from '@mandate/service'
import { pino } from 'pino'
import { printableConfig, readConfig } from './config.ts'
import { startAuditor } from './start.ts'

await runService({
  name: 'auditor',
  readConfig,
  printableConfig,
  createLogger: ({ logLevel }) => pino({ name: 'auditor', level: logLevel, ...redaction }),
  start: startAuditor,
})
