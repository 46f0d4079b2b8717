/**
 * `node pdp/src/main.ts`: starts the PDP as a process, or as several (`PDP_WORKERS`). The only file that reads `process`. SIGHUP
 * takes secrets and certificates from their files again, and loads the policies.
 *
 * Exit codes: 0 after SIGTERM or SIGINT, 69 when OpenFGA does not answer at start, 78 for a configuration that cannot be used or a
 * store of OpenFGA that belongs to another PDP, 70 otherwise.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import {
  ConfigError,
  configErrorText,
  EXIT_CONFIG,
  FileReloader,
  once,
  redaction,
  stopOnSignals,
  stopProcess,
} from '@mandate/service'
import { pino } from 'pino'
import type { Pdp } from './app.ts'
import { type Config, type ParsedConfig, parseConfig, redactedConfig } from './config.ts'
import { currentCorrelation } from './ports/correlation.ts'
import { PrimaryLink, WORKER_NUMBER, workerConfig } from './worker.ts'
import { Workers } from './workers.ts'

/** How long a stop may take after the drain, in milliseconds: requests under way have 8 seconds of it. */
const STOP_WITHIN_MS = 10_000
/** Likewise for the primary process: a worker that cannot stop has said so before. */
const STOP_ALL_WITHIN_MS = STOP_WITHIN_MS + 1_000

const drainMs = ({ PDP_DRAIN_SECONDS: seconds }: Config): number => seconds * 1_000

function readConfig(): ParsedConfig {
  try {
    return parseConfig(process.env, (path) => readFileSync(path, 'utf8'))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(configErrorText('pdp', error))
    process.exit(EXIT_CONFIG)
  }
}

/** Does the same as `POST /v1/policies/load`. Policies that cannot be loaded change nothing. */
function loadPolicies(pdp: Pdp): void {
  pdp.operator.loadPolicies().then(
    (policy) => logger.info({ policy }, 'policies loaded'),
    (error: unknown) => logger.error({ err: error }, 'policies not loaded, those in force stay'),
  )
}

/** Watches the files of secrets and certificates. @returns What SIGHUP does: takes them again, and loads the policies. */
function hangUpOf(pdp: Pdp): () => void {
  const reloader = new FileReloader({
    environment: process.env,
    readConfig: () => {
      const { config: next } = parseConfig(process.env, (path) => readFileSync(path, 'utf8'))
      return worker === undefined ? next : workerConfig(next, worker)
    },
    reload: pdp.reload,
    logger,
    onOutcome: (outcome) => pdp.metrics.reloaded(outcome),
  })
  return () => void reloader.hangUp().then(() => loadPolicies(pdp))
}

/** Runs one PDP in this process. */
async function run(own: Config, primary: PrimaryLink | undefined): Promise<void> {
  // Not loaded by the primary process of several workers, which needs none of it.
  const [{ startPdp }, { configProblems, exitStatusOf }, { releaseStartMemory }] = await Promise.all([
    import('./app.ts'),
    import('./exit-status.ts'),
    import('./runtime/start-memory.ts'),
  ])
  try {
    const pdp = await startPdp(own, logger)
    pdp.metrics.watchProcess()
    const stopWithinMs = drainMs(own) + STOP_WITHIN_MS
    const hangUp = hangUpOf(pdp)
    if (primary) stopWithPrimary(pdp, primary, hangUp, stopWithinMs)
    else stopOnSignals(pdp.drain, logger, stopWithinMs)
    void pdp.lost.then(() => process.exit(70))
    process.on('SIGHUP', hangUp)
    logger.info({ url: pdp.url }, 'listening')
    releaseStartMemory()
  } catch (error) {
    reportNotStarted(error, configProblems(error), primary !== undefined)
    // process.exit, not only exitCode: timers and sockets of a failed start must not keep the process alive.
    process.exit(exitStatusOf(error))
  }
}

/** A worker logs a configuration that cannot be used, with its number; a PDP of one process prints it as it does at the parse of its settings. */
function reportNotStarted(error: unknown, problems: readonly string[] | undefined, isWorker: boolean): void {
  if (problems === undefined)
    logger.fatal({ err: error, cause: error instanceof Error ? error.cause : undefined }, 'not started')
  else if (isWorker) logger.fatal({ problems }, 'not started')
  else process.stderr.write(configErrorText('pdp', new ConfigError(problems)))
}

/**
 * Stops when the primary process says so. A terminal or service manager may send a signal to the workers too, before or after it: a second one must
 * not end a worker that is stopping. A second signal to the primary ends all at once, since workers end with it.
 */
function stopWithPrimary(pdp: Pdp, primary: PrimaryLink, hangUp: () => void, withinMs: number): void {
  const stop = once(async () => stopProcess(pdp.drain, logger, withinMs))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop())
  primary.started(pdp.url, { metrics: pdp.metrics, loadPolicies: hangUp, stop: () => void stop() })
}

/** Runs the primary process of several workers. */
function runWorkers(own: Config): void {
  const workers = new Workers({ count: own.PDP_WORKERS, logger, onFailed: (status) => process.exit(status) })
  stopOnSignals(workers.close, logger, drainMs(own) + STOP_ALL_WITHIN_MS)
  process.on('SIGHUP', () => workers.loadPolicies())
  workers.start()
}

// Files are readable by this user only.
process.umask(0o077)
const { config, warnings } = readConfig()
if (process.argv.includes('--print-config')) {
  process.stdout.write(`${JSON.stringify(redactedConfig(config), undefined, 2)}\n`)
  process.exit(0)
}
// Nothing is in flight before the start has ended; the next start recovers from it as from a crash.
const primary = PrimaryLink.open(() => process.exit(0))
const worker = primary && Number(process.env[WORKER_NUMBER])
const base = { service: 'pdp', ...(worker !== undefined && { worker, pid: process.pid }) }
const logger = pino({ level: config.LOG_LEVEL, base, mixin: currentCorrelation, ...redaction })
if (!worker) for (const warning of warnings) logger.warn(warning)
if (worker) await run(workerConfig(config, worker), primary)
else if (config.PDP_WORKERS > 1) runWorkers(config)
else await run(config, undefined)
