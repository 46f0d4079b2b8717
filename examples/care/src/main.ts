/**
 * `node src/main.ts`: the care service. `--print-config` prints the settings without their secrets.
 * Exit statuses: see `runService`.
 *
 * @module
 */
import { redaction, runService } from '@mandate/service'
import { pino } from 'pino'
import { printableConfig, readConfig } from './config.ts'
import { startCare } from './start.ts'

await runService({
  name: 'care',
  readConfig,
  printableConfig,
  createLogger: ({ logLevel }) => pino({ name: 'care', level: logLevel, ...redaction }),
  start: startCare,
})
