/**
 * `node src/main.ts`: the trips service. `--print-config` prints the settings without their secrets.
 * Exit statuses: see `runService`.
 *
 * @module
 */
import { redaction, runService } from '@mandate/service'
import { pino } from 'pino'
import { printableConfig, readConfig } from './config.ts'
import { startTrips } from './start.ts'

await runService({
  name: 'trips',
  readConfig,
  printableConfig,
  createLogger: ({ logLevel }) => pino({ name: 'trips', level: logLevel, ...redaction }),
  start: startTrips,
})
