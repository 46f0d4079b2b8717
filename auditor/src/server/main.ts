/**
 * `node src/server/main.ts`: the auditor's workplace. `--print-config` prints the settings without their secrets.
 * Exit 78 for a bad configuration, 0 after SIGTERM or SIGINT.
 *
 * @module
 */
import process from 'node:process'
import { redaction, reportFailure } from '@mandate/pep/service'
import { pino } from 'pino'
import { printableConfig, readConfig } from './config.ts'
import { startAuditor } from './start.ts'

async function main(): Promise<void> {
  if (process.argv.includes('--print-config')) {
    process.stdout.write(`${JSON.stringify(printableConfig(process.env), undefined, 2)}\n`)
    return
  }
  const config = readConfig(process.env)
  const logger = pino({ name: 'auditor', level: config.logLevel, ...redaction })
  const auditor = await startAuditor(config, logger)
  logger.info({ url: auditor.url }, 'auditor is listening')
  const stop = (): void => {
    void auditor.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

main().catch((error: unknown) => {
  process.exit(reportFailure('auditor', error))
})
