/**
 * `node src/main.ts`: the booking agent. `--run-own WORKFLOW` runs one trip on its own schedule instead, prints the run as JSON and ends.
 * `--print-config` prints the settings without their secrets.
 * Exit 78 for a bad configuration, 64 for bad arguments, 0 after SIGTERM or SIGINT, 1 when a run did not come to its end.
 *
 * @module
 */
import process from 'node:process'
import { redaction, reportFailure } from '@mandate/pep/service'
import { pino } from 'pino'
import { type AgentConfig, printableConfig, readConfig } from './config.ts'
import { runOnOwnSchedule, startAgent } from './start.ts'

const EXIT_USAGE = 64

async function main(): Promise<void> {
  const [option, workflow, ...rest] = process.argv.slice(2)
  if (option === '--print-config') {
    process.stdout.write(`${JSON.stringify(printableConfig(process.env), undefined, 2)}\n`)
    return
  }
  const config = readConfig(process.env)
  if (option === undefined) return listen(config)
  if (option !== '--run-own' || workflow === undefined || rest.length > 0) {
    process.stderr.write('usage: main.ts [--print-config | --run-own WORKFLOW]\n')
    process.exitCode = EXIT_USAGE
    return
  }
  const run = await runOnOwnSchedule(config, workflow)
  process.stdout.write(`${JSON.stringify(run, undefined, 2)}\n`)
  process.exitCode = run.status === 'done' ? 0 : 1
}

async function listen(config: AgentConfig): Promise<void> {
  const logger = pino({ name: 'booking-agent', level: config.logLevel, ...redaction })
  const agent = await startAgent(config, logger)
  logger.info({ url: agent.url }, 'booking-agent is listening')
  const stop = () => {
    void agent.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

main().catch((error: unknown) => {
  process.exit(reportFailure('booking-agent', error))
})
