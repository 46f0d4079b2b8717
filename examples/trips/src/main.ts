/**
 * `node src/main.ts`: the trips service. Exit 78 for a bad configuration, 0 after SIGTERM or SIGINT.
 *
 * @module
 */
import process from 'node:process'
import { ConfigError, EXIT_CONFIG, REDACTED } from '@mandate/pep/service'
import { pino } from 'pino'
import { readConfig } from './config.ts'
import { startTrips } from './start.ts'

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const logger = pino({ name: 'trips', level: config.logLevel, redact: { paths: REDACTED, censor: '[redacted]' } })
  const trips = await startTrips(config, logger)
  logger.info({ url: trips.url }, 'trips is listening')
  const stop = () => {
    void trips.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

main().catch((error: unknown) => {
  const isConfig = error instanceof ConfigError
  process.stderr.write(`trips: ${isConfig ? error.message.replaceAll('\n', '\ntrips: ') : 'could not start'}\n`)
  if (!isConfig) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(isConfig ? EXIT_CONFIG : 1)
})
