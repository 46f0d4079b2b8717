/**
 * `node pdp/src/main.ts`: starts the PDP as a process. The only file that reads `process`. SIGHUP reloads the policies.
 *
 * Exit codes: 0 after SIGTERM or SIGINT, 69 when OpenFGA does not answer at start, 78 for a configuration that cannot be used or a
 * store of OpenFGA that belongs to another PDP, 70 otherwise.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { Fault } from '@mandate/protocol'
import { ConfigError, configErrorText, EXIT_CONFIG, redaction, stopOnSignals } from '@mandate/service'
import { type Logger, pino } from 'pino'
import { type Pdp, startPdp } from './app.ts'
import { type ParsedConfig, parseConfig, redactedConfig } from './config.ts'
import { StoreTaken } from './openfga/claim.ts'
import { PolicyError } from './policy/yaml.ts'

/** How long a stop may take, in milliseconds: requests under way have 8 seconds of it. */
const STOP_WITHIN_MS = 10_000

function readConfig(): ParsedConfig {
  try {
    return parseConfig(process.env, (path) => readFileSync(path, 'utf8'))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(configErrorText('pdp', error))
    process.exit(EXIT_CONFIG)
  }
}

/** SIGHUP does the same as `POST /v1/policies/load`. Policies that cannot be loaded change nothing. */
function loadOnHangup(pdp: Pdp, logger: Logger): void {
  process.on('SIGHUP', () => {
    pdp.operator.loadPolicies().then(
      (policy) => logger.info({ policy }, 'policies loaded'),
      (error: unknown) => logger.error({ err: error }, 'policies not loaded, those in force stay'),
    )
  })
}

/** Faults at start that mean that another server does not answer. */
const AWAY: readonly string[] = ['relations_unavailable', 'index_unavailable']

function exitCodeOf(error: unknown): number {
  if (error instanceof PolicyError || error instanceof ConfigError || error instanceof StoreTaken) return EXIT_CONFIG
  if (!(error instanceof Fault)) return 70
  if (error.code === 'policy_invalid') return EXIT_CONFIG
  return AWAY.includes(error.code) ? 69 : 70
}

// Files are readable by this user only.
process.umask(0o077)
const { config, warnings } = readConfig()
if (process.argv.includes('--print-config')) {
  process.stdout.write(`${JSON.stringify(redactedConfig(config), undefined, 2)}\n`)
  process.exit(0)
}
const logger = pino({ level: config.LOG_LEVEL, base: { service: 'pdp' }, ...redaction })
for (const warning of warnings) logger.warn(warning)
try {
  const pdp = await startPdp(config, logger)
  stopOnSignals(pdp.close, logger, STOP_WITHIN_MS)
  void pdp.lost.then(() => process.exit(70))
  pdp.metrics.watchProcess()
  loadOnHangup(pdp, logger)
  logger.info({ url: pdp.url }, 'listening')
} catch (error) {
  logger.fatal({ err: error, cause: error instanceof Error ? error.cause : undefined }, 'not started')
  // process.exit, not only exitCode: timers and sockets of a failed start must not keep the process alive.
  process.exit(exitCodeOf(error))
}
