/**
 * `node src/main.ts`: the care service. Exit 78 for a bad configuration, 0 after SIGTERM or SIGINT.
 *
 * @module
 */
import process from 'node:process'
import { ConfigError, EXIT_CONFIG, REDACTED } from '@mandate/pep/service'
import { pino } from 'pino'
import { readConfig } from './config.ts'
import { startCare } from './start.ts'

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const logger = pino({ name: 'care', level: config.logLevel, redact: { paths: REDACTED, censor: '[redacted]' } })
  const care = await startCare(config, logger)
  logger.info({ url: care.url }, 'care is listening')
  const stop = () => {
    void care.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

main().catch((error: unknown) => {
  const isConfig = error instanceof ConfigError
  process.stderr.write(`care: ${isConfig ? error.message.replaceAll('\n', '\ncare: ') : 'could not start'}\n`)
  if (!isConfig) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(isConfig ? EXIT_CONFIG : 1)
})
