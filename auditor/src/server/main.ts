/**
 * `node src/server/main.ts`: the auditor's workplace. Exit 78 for a bad configuration, 0 after SIGTERM or SIGINT.
 *
 * @module
 */
import process from 'node:process'
import { ConfigError, EXIT_CONFIG, REDACTED } from '@mandate/pep/service'
import { pino } from 'pino'
import { readConfig } from './config.ts'
import { startAuditor } from './start.ts'

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const logger = pino({ name: 'auditor', level: config.logLevel, redact: { paths: REDACTED, censor: '[redacted]' } })
  const auditor = await startAuditor(config, logger)
  logger.info({ url: auditor.url }, 'auditor is listening')
  const stop = (): void => {
    void auditor.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

main().catch((error: unknown) => {
  const isConfig = error instanceof ConfigError
  process.stderr.write(`auditor: ${isConfig ? error.message.replaceAll('\n', '\nauditor: ') : 'could not start'}\n`)
  if (!isConfig) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(isConfig ? EXIT_CONFIG : 1)
})
