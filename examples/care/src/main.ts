/**
 * `node src/main.ts`: the care service. `--print-config` prints the settings without their secrets.
 * Exit 78 for a bad configuration, 0 after SIGTERM or SIGINT.
 *
 * @module
 */
import process from 'node:process'
import { redaction, reportFailure } from '@mandate/pep/service'
import { pino } from 'pino'
import { printableConfig, readConfig } from './config.ts'
import { startCare } from './start.ts'

async function main(): Promise<void> {
  if (process.argv.includes('--print-config')) {
    process.stdout.write(`${JSON.stringify(printableConfig(process.env), undefined, 2)}\n`)
    return
  }
  const config = readConfig(process.env)
  const logger = pino({ name: 'care', level: config.logLevel, ...redaction })
  const care = await startCare(config, logger)
  logger.info({ url: care.url }, 'care is listening')
  const stop = () => {
    void care.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

main().catch((error: unknown) => {
  process.exit(reportFailure('care', error))
})
