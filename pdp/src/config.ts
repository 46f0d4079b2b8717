/**
 * The PDP's configuration, read from environment variables. No default is insecure.
 *
 * @module
 */
import { join } from 'node:path'
import { isLoopback, SECOND_FACTORS, secondFactorSchema } from '@mandate/protocol'
import {
  ConfigError,
  type Environment,
  plainCallFindings,
  plainListenerFindings,
  readEnvironment,
  redactSettings,
  secret,
  setting,
} from '@mandate/service'
import { z } from 'zod'
import { engineFindings, engineMistakes } from './engine-settings.ts'
import { DEFAULT_LIMITS } from './http/limits.ts'
import { signalMistakes, signalTransmittersSchema } from './http/signal-transmitters.ts'
import { list, servicesSchema, witnessesSchema, words } from './list-settings.ts'
import { signingKeysOf } from './runtime/signing-key.ts'
import { storeNameSchema } from './runtime/store-name.ts'
import { receiverMistakes, signalReceiversSchema } from './signals/receivers.ts'
import { TRACING_PREFIXES, tracingOf, tracingSchema } from './tracing-settings.ts'
import { workerMistakes } from './worker-settings.ts'

const schema = z.strictObject({
  PDP_HOST: setting.host,
  PDP_PORT: setting.port(8181),
  /** Base URL at which callers reach the PDP, when a proxy is in front of the listener. */
  PDP_PUBLIC_URL: setting.identifier.optional(),
  PDP_ISSUER: setting.identifier,
  PDP_JWKS_URL: setting.exactUrl.optional(),
  /** Issuer that `PDP_ISSUER` replaces. Without it a PDP does not start on a database or an index of another issuer. */
  PDP_FORMER_ISSUER: setting.identifier.optional(),
  /** Hosts other than loopback that may be called over plain HTTP (issuer's keys, OpenFGA), on a private network. */
  PDP_PLAIN_HTTP_HOSTS: setting.list([]),
  /** PostgreSQL hosts other than loopback that may be connected to without TLS, on a private network. */
  PDP_PLAIN_POSTGRES_HOSTS: setting.list([]),
  PDP_AUDIENCE: z.string().min(1).default('pdp'),
  /** Scope that a person's token needs for requests that change state; without it the token is read-only. */
  PDP_ADMIN_SCOPE: z.string().regex(/^\S+$/u, 'must be the name of a scope').default('pdp'),
  /** `amr` or `acr` values that prove a second factor; roles are ignored without one. */
  PDP_SECOND_FACTOR: list.pipe(z.array(secondFactorSchema).min(1)).default([...SECOND_FACTORS]),
  PDP_DATA_DIR: z.string().min(1),
  /** PostgreSQL database of everything but the decision log, shared by several PDPs; without it a SQLite file of this PDP. */
  PDP_STORE_URL: setting.postgresUrl.optional(),
  /** Processes that answer on the listening address, each with a decision log of its own. More than one need PostgreSQL. */
  PDP_WORKERS: setting.integer(1, 64).default(1),
  /** Further port on which one worker alone listens; the second worker on the next port, and so on. */
  PDP_WORKER_PORT: setting.integer(0, 65_535).optional(),
  PDP_POLICIES_DIR: z
    .string()
    .min(1)
    .default(join(import.meta.dirname, '../policies')),
  /** Key that encrypts the vault, 32 bytes. Production requires it or its command; otherwise a key is generated and stored next to the vault. */
  PDP_VAULT_KEY: secret(z.string()).optional(),
  /** Command that prints the key, such as a KMS client; split at spaces. */
  PDP_VAULT_KEY_COMMAND: words.default([]),
  /** Keys that only decrypt and find: the next one before a rotation, the former one after it. Rows under them are re-encrypted at a start. */
  PDP_VAULT_OLD_KEYS: secret(setting.list([])),
  /** Folders of policy packs, in place of those listed in `fga.mod`. */
  PDP_PACKS: setting.list([]),
  PDP_INTERACTIVE_CLIENTS: setting.list(['desktop', 'auditor', 'console', 'mandate-cli']),
  PDP_SERVICES: servicesSchema.default(new Map()),
  /** Clients besides the services that store personal data, such as agents; they get the erasure feed too. */
  PDP_ERASURE_CLIENTS: setting.list([]),
  /** Identity of a PDP whose database is lost, and whose OpenFGA store this PDP takes over. */
  PDP_TAKE_OVER_FROM: z
    .string()
    .regex(/^[0-9a-f]{32}$/u, 'must be the 32 digits that the refused start named')
    .optional(),
  /** Transmitters of security events (SSF 1.0), as JSON with their bearers. Without any, `/v1/signals` is off. */
  PDP_SIGNALS: secret(signalTransmittersSchema).default([]),
  /** Receivers of events about grants, as JSON with their bearers. Without any, no event is recorded or sent. */
  PDP_SIGNAL_RECEIVERS: secret(signalReceiversSchema).default([]),
  /** Keys that sign these events, one PEM after another: the first signs, and all are published. */
  PDP_SIGNAL_KEY_FILE: z.string().optional(),
  /** Hours after which an event that could not be delivered is dropped. */
  PDP_SIGNAL_HOURS: setting.integer(1, 144).default(24),
  PDP_MAX_CHAIN_DEPTH: setting.integer(1, 10).default(5),
  /** Days until an ended grant is deleted from OpenFGA, and interval of the sweep in minutes (0: never). */
  PDP_SWEEP_AFTER_DAYS: setting.integer(1, 3_650).default(30),
  PDP_SWEEP_EVERY_MINUTES: setting.integer(0, 10_080).default(60),
  /** Interval in seconds at which the PDP looks for tuples that another program changed in OpenFGA (0: never). */
  PDP_FOREIGN_CHANGES_EVERY_SECONDS: setting.integer(0, 3_600).default(5),
  /** PostgreSQL database of the log's index, shared by several PDPs; without it the index is a file of this PDP. */
  PDP_INDEX_URL: setting.postgresUrl.optional(),
  PDP_LOG_ORIGIN: z
    .string()
    .regex(
      /^[a-z0-9.-]+(:\d{1,5})?(\/[\w.-]+)*$/u,
      'must be a host and path without scheme, such as pdp.example.com/log',
    ),
  /** Witnesses that cosign checkpoints: `URL VKEY, URL VKEY`. */
  PDP_WITNESSES: witnessesSchema.default([]),
  /** File that each published checkpoint is appended to, and URL that it is posted to. */
  PDP_ANCHOR_FILE: z.string().min(1).optional(),
  PDP_ANCHOR_URL: setting.exactUrl.optional(),
  /** Hosts of witnesses, anchors and receivers of events that may resolve to private addresses, with a port other than the default. */
  PDP_PRIVATE_HOSTS: setting.list([]),
  PDP_TLS_CERT_FILE: z.string().optional(),
  PDP_TLS_KEY_FILE: z.string().optional(),
  /** Certificate authority of client certificates; when set, callers need one (mTLS). */
  PDP_TLS_CLIENT_CA_FILE: z.string().optional(),
  /** Certificate authority for the PDP's calls over https to OpenFGA and the issuer; the PDP presents its own certificate there (mTLS). */
  PDP_TLS_CA_FILE: z.string().optional(),
  /** Keys of signed metadata (AuthZEN 1.0, section 9.2): the first one signs, the public keys of all are served. */
  PDP_METADATA_KEY_FILE: z.string().optional(),
  PDP_PERSON_PER_MINUTE: setting.limit(DEFAULT_LIMITS.personPerMinute),
  PDP_PERSON_BURST: setting.limit(DEFAULT_LIMITS.personBurst),
  PDP_SERVICE_PER_SECOND: setting.limit(DEFAULT_LIMITS.servicePerSecond),
  PDP_ADDRESS_PER_SECOND: setting.limit(DEFAULT_LIMITS.addressPerSecond),
  PDP_CONCURRENT: setting.limit(DEFAULT_LIMITS.concurrent),
  PDP_DECIDING: setting.limit(DEFAULT_LIMITS.deciding),
  PDP_PERSON_CONCURRENT: setting.limit(DEFAULT_LIMITS.personConcurrent),
  PDP_STREAMS: setting.limit(DEFAULT_LIMITS.streams),
  /** Seconds after SIGTERM during which the PDP answers every request but is not ready, so that load balancers send requests elsewhere. */
  PDP_DRAIN_SECONDS: setting.integer(0, 300).default(0),
  /** Required, except with `ENGINE=embedded`. */
  OPENFGA_URL: setting.url.default(''),
  OPENFGA_API_TOKEN: secret(z.string()).optional(),
  OPENFGA_STORE: storeNameSchema.default('mandate'),
  /** Of so many decisions from memory one is made by OpenFGA too, after the answer, and compared. 0: none. */
  PDP_SHADOW_EVERY: setting.integer(0, 1_000_000_000).default(0),
  OPENFGA_DEADLINE_MS: setting.integer(10, 10_000).default(500),
  /** `off` lets decisions rest on stale memory, for a test that must find such decisions. Refused in production. */
  PDP_TEST_READ_BARRIER: z.enum(['on', 'off']).default('on'),
  /**
   * `memory`: decisions are made from tuples in memory; `openfga`: OpenFGA is asked for each. `embedded`: as `memory`, with the tuples in the PDP's own
   * SQLite database instead of OpenFGA; refused in production.
   */
  ENGINE: z.enum(['memory', 'openfga', 'embedded']).default('memory'),
  /** Bound of the tuples in memory. */
  PDP_ENGINE_MEMORY_MB: setting.integer(1, 1_048_576).default(256),
  ...tracingSchema,
  LOG_LEVEL: setting.logLevel,
  LOG_ON_FAILURE: z.enum(['deny', 'buffer']).default('deny'),
  /** Number of trusted proxies in front of the PDP. */
  TRUST_PROXY: setting.integer(0, 8).default(0),
  NODE_ENV: setting.nodeEnv,
})

/**
 * The PDP's configuration with all defaults, as {@link parseConfig} checked it. Durations are in milliseconds where their name ends in
 * `Ms` or `_MS`. Holds secrets: never log it whole.
 */
export type Config = z.output<typeof schema>

/** Of OpenTelemetry's variables those about traces alone: others may be meant for other programs on the machine. */
const PREFIXES = ['PDP_', 'OPENFGA_', 'LOG_', ...TRACING_PREFIXES] as const
/** Files that are read later; the start only checks that they are readable. */
export const FILES_READ_LATER = [
  'PDP_TLS_CERT_FILE',
  'PDP_TLS_KEY_FILE',
  'PDP_TLS_CLIENT_CA_FILE',
  'PDP_TLS_CA_FILE',
  'PDP_METADATA_KEY_FILE',
  'PDP_SIGNAL_KEY_FILE',
] as const

export interface ParsedConfig {
  readonly config: Config
  /** Warnings about settings that are valid but insecure, one sentence each. */
  readonly warnings: readonly string[]
}

type ReadFile = (path: string) => string

/**
 * Reads the configuration. A secret may be given as a file: `OPENFGA_API_TOKEN_FILE`.
 *
 * @param readFile - Reads a file as text; throws when it cannot.
 * @throws ConfigError naming every problem. In production an insecure setting is a problem.
 */
export function parseConfig(environment: Environment, readFile: ReadFile): ParsedConfig {
  const files = fileProblems(environment, readFile)
  const checked = schema.superRefine((config, context) => {
    const found = config.NODE_ENV === 'production' ? insecurities(config) : []
    for (const message of [...mistakes(config), ...found]) context.addIssue({ code: 'custom', message })
  })
  let config: Config
  try {
    config = readEnvironment(environment, { prefix: PREFIXES, schema: checked, readFile })
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError([...error.problems, ...files]) : error
  }
  if (files.length > 0) throw new ConfigError(files)
  return { config, warnings: config.NODE_ENV === 'production' ? [] : insecurities(config) }
}

function fileProblems(environment: Environment, readFile: ReadFile): readonly string[] {
  return FILES_READ_LATER.flatMap((name) => {
    const path = environment[name]
    if (!path) return []
    let text: string
    try {
      text = readFile(path)
    } catch {
      return [`${name}: the file cannot be read`]
    }
    return keyProblems(name, text)
  })
}

const SIGNING_KEYS: readonly string[] = ['PDP_METADATA_KEY_FILE', 'PDP_SIGNAL_KEY_FILE']

/** Checks signing keys at start, instead of at the first request. */
function keyProblems(name: string, text: string): readonly string[] {
  try {
    if (SIGNING_KEYS.includes(name)) signingKeysOf(text)
    return []
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : ''}`]
  }
}

/** Finds contradictory settings, in any environment. */
function mistakes(config: Config): readonly string[] {
  const { PDP_TLS_CERT_FILE: cert, PDP_TLS_KEY_FILE: key } = config
  return [
    ...((cert === undefined) === (key === undefined) ? [] : ['PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE go together']),
    ...(config.PDP_TLS_CLIENT_CA_FILE !== undefined && cert === undefined
      ? ['PDP_TLS_CLIENT_CA_FILE: requires PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE']
      : []),
    ...(config.PDP_VAULT_KEY !== undefined && config.PDP_VAULT_KEY_COMMAND.length > 0
      ? ['PDP_VAULT_KEY: set it or PDP_VAULT_KEY_COMMAND, not both']
      : []),
    ...(config.PDP_STORE_URL !== undefined && !hasVaultKey(config)
      ? [
          'PDP_STORE_URL: requires PDP_VAULT_KEY or PDP_VAULT_KEY_COMMAND: all PDPs of a database need the same key. A PDP that used SQLite has it in the file vault.key of PDP_DATA_DIR: PDP_VAULT_KEY_FILE may name that file',
        ]
      : []),
    ...signalMistakes(config.PDP_SIGNALS, config.PDP_TLS_CLIENT_CA_FILE !== undefined),
    ...receiverMistakes(config),
    ...workerMistakes(config),
    ...engineMistakes(config),
  ]
}

const hasVaultKey = (config: Config): boolean =>
  config.PDP_VAULT_KEY !== undefined || config.PDP_VAULT_KEY_COMMAND.length > 0

/** Finds a database connection that is unencrypted or unauthenticated on the network. */
function plainDatabaseFindings(name: 'PDP_STORE_URL' | 'PDP_INDEX_URL', config: Config): readonly string[] {
  const { hostname, searchParams } = new URL(config[name] ?? 'postgres://localhost')
  const isSafe = isLoopback(hostname) || searchParams.get('sslmode') === 'verify-full'
  if (isSafe || config.PDP_PLAIN_POSTGRES_HOSTS.includes(hostname)) return []
  return [
    `${name}: a PostgreSQL host other than loopback needs sslmode=verify-full; on a private network, list ${hostname} in PDP_PLAIN_POSTGRES_HOSTS`,
  ]
}

/** Spans name ids of decisions, and exports may carry a key. */
function tracingCalls(config: Config): Readonly<Record<string, string | undefined>> {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: base } = config
  if (tracingOf(config) === undefined) return {}
  return traces === undefined ? { OTEL_EXPORTER_OTLP_ENDPOINT: base } : { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces }
}

/** Finds insecure settings: errors in production, warnings elsewhere. */
function insecurities(config: Config): readonly string[] {
  const { PDP_HOST: host, PDP_TLS_CERT_FILE: cert, PDP_TLS_KEY_FILE: key } = config
  const { PDP_ISSUER, PDP_JWKS_URL } = config
  const names = { prefix: 'PDP_', trustProxy: 'TRUST_PROXY', pemSuffix: '_FILE' } as const
  return [
    ...plainListenerFindings({ host, isBehindProxy: config.TRUST_PROXY > 0, cert, key }, names),
    ...plainCallFindings(
      {
        PDP_ISSUER,
        PDP_JWKS_URL,
        OPENFGA_URL: config.OPENFGA_URL || undefined,
        PDP_SIGNALS: config.PDP_SIGNALS.map(({ jwks_url: url }) => url),
        PDP_SIGNAL_RECEIVERS: config.PDP_SIGNAL_RECEIVERS.map(({ endpoint_url: url }) => url),
        ...tracingCalls(config),
      },
      config.PDP_PLAIN_HTTP_HOSTS,
      'PDP_PLAIN_HTTP_HOSTS',
    ),
    ...(!hasVaultKey(config)
      ? [
          'PDP_VAULT_KEY: the key is stored next to the vault that it encrypts; set PDP_VAULT_KEY or PDP_VAULT_KEY_COMMAND',
        ]
      : []),
    ...(['PDP_STORE_URL', 'PDP_INDEX_URL'] as const).flatMap((name) => plainDatabaseFindings(name, config)),
    ...(config.PDP_TEST_READ_BARRIER === 'off'
      ? ['PDP_TEST_READ_BARRIER: decisions may rest on stale memory; only for tests']
      : []),
    ...engineFindings(config),
  ]
}

/** Returns the configuration for printing, with secrets as `[redacted]`. */
export function redactedConfig(config: Config): Readonly<Record<string, unknown>> {
  return redactSettings(schema, config)
}
