/**
 * `node src/main.ts`: the booking agent. `--run-own WORKFLOW` runs one trip on its own schedule instead, prints the run as JSON and ends.
 * Exit 78 for a bad configuration, 64 for bad arguments, 0 after SIGTERM or SIGINT, 1 when a run did not come to its end.
 *
 * @module
 */
import process from 'node:process'
import { ConfigError, EXIT_CONFIG, REDACTED } from '@mandate/pep/service'
import { pino } from 'pino'
import { type AgentConfig, readConfig } from './config.ts'
import { runOnOwnSchedule, startAgent } from './start.ts'

const EXIT_USAGE = 64

async function main(): Promise<void> {
  const [option, workflow, ...rest] = process.argv.slice(2)
  const config = readConfig(process.env)
  if (option === undefined) return listen(config)
  if (option !== '--run-own' || workflow === undefined || rest.length > 0) {
    process.stderr.write('usage: main.ts [--run-own WORKFLOW]\n')
    process.exitCode = EXIT_USAGE
    return
  }
  const run = await runOnOwnSchedule(config, workflow)
  process.stdout.write(`${JSON.stringify(run, undefined, 2)}\n`)
  process.exitCode = run.status === 'done' ? 0 : 1
}

async function listen(config: AgentConfig): Promise<void> {
  const redact = { paths: REDACTED, censor: '[redacted]' }
  const logger = pino({ name: 'booking-agent', level: config.logLevel, redact })
  const agent = await startAgent(config, logger)
  logger.info({ url: agent.url }, 'booking-agent is listening')
  const stop = () => {
    void agent.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

main().catch((error: unknown) => {
  const isConfig = error instanceof ConfigError
  const text = isConfig ? error.message.replaceAll('\n', '\nbooking-agent: ') : 'could not go on'
  process.stderr.write(`booking-agent: ${text}\n`)
  if (!isConfig) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(isConfig ? EXIT_CONFIG : 1)
})
