/**
 * `node issuer/src/main.ts`: the embedded issuer. `--print-config` prints the settings. Exit statuses: see `runService`; 78 with
 * `NODE_ENV=production`.
 *
 * @module
 */
import { redaction, runService } from '@mandate/service'
import { pino } from 'pino'
import { printableConfig, readConfig } from './config.ts'
import { startIssuer } from './start.ts'

await runService({
  name: 'issuer',
  readConfig,
  printableConfig,
  createLogger: ({ logLevel }) => pino({ name: 'issuer', level: logLevel, ...redaction }),
  start: startIssuer,
})
