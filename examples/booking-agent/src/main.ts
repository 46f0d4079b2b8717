/**
 * `node src/main.ts`: the booking agent. `--run-own WORKFLOW` runs one trip on its own schedule instead, prints the run as JSON and ends.
 * `--print-config` prints the settings without their secrets.
 * Exit statuses: those of `runService`, 64 for bad arguments, 1 when the run did not complete.
 *
 * @module
 */
import process from 'node:process'
import { redaction, reportFailure, runService } from '@mandate/service'
import { pino } from 'pino'
import { printableConfig, readConfig } from './config.ts'
import { runOnOwnSchedule, startAgent } from './start.ts'

const NAME = 'booking-agent'
const EXIT_USAGE = 64

async function main(): Promise<void> {
  const [option, workflow, ...rest] = process.argv.slice(2)
  if (option === undefined || option === '--print-config') return listen()
  if (option !== '--run-own' || workflow === undefined || rest.length > 0) {
    process.stderr.write('usage: main.ts [--print-config | --run-own WORKFLOW]\n')
    process.exitCode = EXIT_USAGE
    return
  }
  const run = await runOnOwnSchedule(readConfig(process.env), workflow)
  process.stdout.write(`${JSON.stringify(run, undefined, 2)}\n`)
  process.exitCode = run.status === 'done' ? 0 : 1
}

function listen(): Promise<void> {
  return runService({
    name: NAME,
    readConfig,
    printableConfig,
    createLogger: ({ logLevel }) => pino({ name: NAME, level: logLevel, ...redaction }),
    start: startAgent,
  })
}

main().catch((error: unknown) => {
  process.exit(reportFailure(NAME, error))
})
