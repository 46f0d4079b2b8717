/**
 * A service as a process: configuration, logger, start, signals and exit statuses.
 *
 * @module
 */
import process from 'node:process'
import type { Environment } from './config.ts'
import { FileReloader, type Reload } from './file-reloader.ts'
import type { Listener } from './listener.ts'
import { reportFailure } from './report-failure.ts'

/** Exit status of a stop that fails or does not end (`EX_SOFTWARE` of sysexits). */
const EXIT_NOT_STOPPED = 70

/** The part of pino that is used here. */
export interface ProcessLogger {
  readonly info: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** A service that listens. */
export interface RunningService<Config> extends Listener {
  /** What it takes from its files again, at SIGHUP and when a file has changed. @default nothing, and SIGHUP ends the process */
  readonly reload?: Reload<Config>
}

/** The parts of a service that `runService` needs: its configuration, and what it starts. */
export interface ServiceProgram<Config, Logger extends ProcessLogger> {
  readonly name: string
  /** @throws ConfigError */
  readonly readConfig: (env: Environment) => Config
  /** The settings without their secrets, for `--print-config`. @throws ConfigError */
  readonly printableConfig: (env: Environment) => object
  readonly createLogger: (config: Config) => Logger
  readonly start: (config: Config, logger: Logger) => Promise<RunningService<Config>>
}

/**
 * Runs a service until SIGTERM or SIGINT. `--print-config` prints its settings instead. Secrets and certificates in files are taken again at SIGHUP, and
 * when a file has changed, as far as the service can.
 *
 * Exit statuses: 0 after a signal, 78 for a configuration that cannot be used, 70 when it cannot be stopped cleanly, 1 when it cannot start.
 */
export async function runService<Config, Logger extends ProcessLogger>(
  program: ServiceProgram<Config, Logger>,
): Promise<void> {
  const { name, readConfig, printableConfig, createLogger, start } = program
  try {
    if (process.argv.includes('--print-config')) {
      process.stdout.write(`${JSON.stringify(printableConfig(process.env), undefined, 2)}\n`)
      return
    }
    const config = readConfig(process.env)
    const logger = createLogger(config)
    const service = await start(config, logger)
    stopOnSignals(service.close, logger)
    if (service.reload) {
      const reloader = new FileReloader({ environment: process.env, readConfig, reload: service.reload, logger })
      process.on('SIGHUP', () => void reloader.hangUp())
    }
    logger.info({ url: service.url }, `${name} is listening`)
  } catch (error) {
    // Not only the exit status: what a half-done start left open must not keep the process alive.
    process.exit(reportFailure(name, error))
  }
}

/** Under the 15 seconds after which `docker-compose.yml` has a process killed. */
const STOP_WITHIN_MS = 14_000

/**
 * Stops the process on SIGTERM and SIGINT, as {@link stopProcess} does. The same signal again ends the process at once.
 *
 * @param close - Later calls must return the promise of the first.
 * @param withinMs - In milliseconds. @default 14000
 */
export function stopOnSignals(close: () => Promise<void>, logger: ProcessLogger, withinMs = STOP_WITHIN_MS): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      logger.info({ signal }, 'stopping')
      stopProcess(close, logger, withinMs)
    })
}

/** Ends the process with exit status 0 once `close` has resolved, or with 70 when it rejects or takes longer than `withinMs`, in milliseconds. */
export function stopProcess(close: () => Promise<void>, logger: ProcessLogger, withinMs: number): void {
  const giveUp = (message: string, fields: object = {}): void => {
    logger.error(fields, message)
    process.exit(EXIT_NOT_STOPPED)
  }
  setTimeout(() => giveUp('not stopped in time'), withinMs).unref()
  close().then(
    () => process.exit(0),
    (error: unknown) => giveUp('not stopped cleanly', { err: error }),
  )
}
