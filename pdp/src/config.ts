/**
 * The PDP's configuration: environment variables, parsed once and whole. Nothing has a default that would be unsafe.
 *
 * @module
 */
import { join } from 'node:path'
import { isLoopback, nameSchema, SECOND_FACTORS, secondFactorSchema } from '@mandate/protocol'
import {
  ConfigError,
  type Environment,
  plainCallFindings,
  plainListenerFindings,
  readEnvironment,
  redactSettings,
  secret,
  setting,
  weakSecretFindings,
} from '@mandate/service'
import { z } from 'zod'
import { DEFAULT_LIMITS } from './http/limits.ts'
import { metadataKeyOf } from './http/metadata.ts'

const list = setting.list([]).unwrap()
const words = z.string().transform((text) => text.split(' ').filter((word) => word !== ''))

/** `client=type+type,client=type`. */
const servicesSchema = list.transform((items, context) => {
  const services = new Map<string, readonly string[]>()
  for (const [index, item] of items.entries()) {
    const [client = '', types = ''] = item.split('=').map((part) => part.trim())
    const named = types.split('+').map((type) => type.trim())
    const objection = (message: string): void =>
      context.addIssue({ code: 'custom', message: `item ${index + 1} ${message}` })
    if (!client || !named.every((type) => nameSchema.safeParse(type).success)) objection('must be client=type+type')
    else if (services.has(client)) objection('names a client that was named before')
    services.set(client, named)
  }
  return services
})

/** `URL VKEY, URL VKEY`. The keys are parsed at start. */
const witnessesSchema = list.transform((items, context) =>
  items.map((item, index) => {
    const [address = '', vkey = '', ...more] = item.split(/\s+/u)
    const url = setting.url.safeParse(address)
    if (!url.success || more.length > 0 || !/^[^+]+\+[0-9a-f]{8}\+\S+$/u.test(vkey))
      context.addIssue({
        code: 'custom',
        message: `item ${index + 1} must be the URL and the verifier key of a witness`,
      })
    return { url: url.data ?? '', vkey }
  }),
)

const schema = z.strictObject({
  PDP_HOST: setting.host,
  PDP_PORT: setting.port(8181),
  /** Where callers find it, when that is not the listener itself: behind a proxy. */
  PDP_PUBLIC_URL: setting.identifier.optional(),
  PDP_ISSUER: setting.identifier,
  PDP_JWKS_URL: setting.exactUrl.optional(),
  /** Hosts of the issuer's keys and of OpenFGA that are called in plain HTTP, off loopback, on a network that only the two share. */
  PDP_PLAIN_HTTP_HOSTS: setting.list([]),
  PDP_AUDIENCE: z.string().min(1).default('pdp'),
  /** What a person's token needs in its scope to change anything; without it, it reads. */
  PDP_ADMIN_SCOPE: z.string().regex(/^\S+$/u, 'must be the name of a scope').default('pdp'),
  /** What in a token says that a second factor was used; roles count only then. */
  PDP_SECOND_FACTOR: list.pipe(z.array(secondFactorSchema).min(1)).default([...SECOND_FACTORS]),
  PDP_DATA_DIR: z.string().min(1),
  PDP_POLICIES_DIR: z
    .string()
    .min(1)
    .default(join(import.meta.dirname, '../policies')),
  /** Seals who is behind a pseudonym: 32 bytes. In production one of the two; else it is made and kept beside the vault. */
  PDP_VAULT_KEY: secret(z.string()).optional(),
  /** A program, such as a KMS's, that prints the key; its words are split at spaces. */
  PDP_VAULT_KEY_COMMAND: words.default([]),
  /** Keys from before a rotation: what they sealed is sealed anew at the next start. */
  PDP_VAULT_OLD_KEYS: secret(setting.list([])),
  /** Folders of packs, instead of those that `fga.mod` lists. */
  PDP_PACKS: setting.list([]),
  PDP_INTERACTIVE_CLIENTS: setting.list(['desktop', 'auditor', 'mandate-cli']),
  PDP_SERVICES: servicesSchema.default(new Map()),
  /** Clients beside the services that keep something of people, such as agents: they too are told whom to forget. */
  PDP_ERASURE_CLIENTS: setting.list([]),
  /** The identity of a PDP whose database is gone, and whose store of OpenFGA is to be this one's. */
  PDP_TAKE_OVER_FROM: z
    .string()
    .regex(/^[0-9a-f]{32}$/u, 'must be the 32 digits that the refused start named')
    .optional(),
  PDP_MAX_CHAIN_DEPTH: setting.integer(1, 10).default(5),
  /** How many days a dead grant stays in OpenFGA, and how often is looked for such, in minutes; 0: never. */
  PDP_SWEEP_AFTER_DAYS: setting.integer(1, 3_650).default(30),
  PDP_SWEEP_EVERY_MINUTES: setting.integer(0, 10_080).default(60),
  /** The index of the decision log, shared by PDPs that have a log each; without it the index is a file of this PDP's. */
  PDP_INDEX_URL: setting.postgresUrl.optional(),
  PDP_LOG_ORIGIN: z
    .string()
    .regex(
      /^[a-z0-9.-]+(:\d{1,5})?(\/[\w.-]+)*$/u,
      'must be a host and path without scheme, such as pdp.example.com/log',
    ),
  /** Cosign checkpoints: `URL VKEY, URL VKEY`. */
  PDP_WITNESSES: witnessesSchema.default([]),
  /** Every published checkpoint is appended to it, and posted to it. */
  PDP_ANCHOR_FILE: z.string().min(1).optional(),
  PDP_ANCHOR_URL: setting.exactUrl.optional(),
  /** Hosts of witnesses and anchors that may have private addresses, with their port where it is not the default. */
  PDP_PRIVATE_HOSTS: setting.list([]),
  PDP_TLS_CERT_FILE: z.string().optional(),
  PDP_TLS_KEY_FILE: z.string().optional(),
  /** mTLS: only who shows a certificate of this authority is let in. */
  PDP_TLS_CLIENT_CA_FILE: z.string().optional(),
  /** Whose certificates are trusted where the PDP itself calls over https, OpenFGA and the issuer; its own is shown there (mTLS). */
  PDP_TLS_CA_FILE: z.string().optional(),
  /** Signs the metadata (AuthZEN 1.0, section 9.2). */
  PDP_METADATA_KEY_FILE: z.string().optional(),
  PDP_PERSON_PER_MINUTE: setting.limit(DEFAULT_LIMITS.personPerMinute),
  PDP_PERSON_BURST: setting.limit(DEFAULT_LIMITS.personBurst),
  PDP_SERVICE_PER_SECOND: setting.limit(DEFAULT_LIMITS.servicePerSecond),
  PDP_ADDRESS_PER_SECOND: setting.limit(DEFAULT_LIMITS.addressPerSecond),
  PDP_CONCURRENT: setting.limit(DEFAULT_LIMITS.concurrent),
  PDP_PERSON_CONCURRENT: setting.limit(DEFAULT_LIMITS.personConcurrent),
  PDP_STREAMS: setting.limit(DEFAULT_LIMITS.streams),
  OPENFGA_URL: setting.url,
  OPENFGA_API_TOKEN: secret(z.string()).optional(),
  OPENFGA_STORE: z.string().min(1).default('mandate'),
  OPENFGA_DEADLINE_MS: setting.integer(10, 10_000).default(500),
  LOG_LEVEL: setting.logLevel,
  LOG_ON_FAILURE: z.enum(['deny', 'buffer']).default('deny'),
  /** How many proxies in front say truly where a request came from. */
  TRUST_PROXY: setting.integer(0, 8).default(0),
  NODE_ENV: setting.nodeEnv,
})

/**
 * The PDP's configuration with all defaults, as {@link parseConfig} checked it. Durations are in milliseconds where their name ends in
 * `Ms` or `_MS`. Holds secrets: never log it whole.
 */
export type Config = z.output<typeof schema>

const PREFIXES = ['PDP_', 'OPENFGA_', 'LOG_'] as const
/** Files that are read where they are needed; at start it is only looked whether they can be. */
const FILES = [
  'PDP_TLS_CERT_FILE',
  'PDP_TLS_KEY_FILE',
  'PDP_TLS_CLIENT_CA_FILE',
  'PDP_TLS_CA_FILE',
  'PDP_METADATA_KEY_FILE',
] as const
/** Shortest API token of OpenFGA in production, in characters; and what stands in the tokens of examples. */
const TOKEN_STRENGTH = { minLength: 24, demo: /demo|change-?me|secret/iu } as const

export interface ParsedConfig {
  readonly config: Config
  /** Legal but insecure settings, one sentence each. */
  readonly warnings: readonly string[]
}

type ReadFile = (path: string) => string

/**
 * Parses the environment. A secret may be given by a file: `OPENFGA_API_TOKEN_FILE`.
 *
 * @param readFile - Reads a file as text; throws when it cannot.
 * @throws ConfigError with every problem at once. In production an insecure setting is one.
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
  return FILES.flatMap((name) => {
    const path = environment[name]
    if (!path) return []
    let text: string
    try {
      text = readFile(path)
    } catch {
      return [`${name}: the file cannot be read`]
    }
    return name === 'PDP_METADATA_KEY_FILE' ? metadataKeyProblems(name, text) : []
  })
}

/** Found at start, not at the first request for metadata. */
function metadataKeyProblems(name: string, pem: string): readonly string[] {
  try {
    metadataKeyOf(pem)
    return []
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : ''}`]
  }
}

/** Settings that do not go together, wherever the PDP runs. */
function mistakes(config: Config): readonly string[] {
  const { PDP_TLS_CERT_FILE: cert, PDP_TLS_KEY_FILE: key } = config
  return [
    ...((cert === undefined) === (key === undefined) ? [] : ['PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE go together']),
    ...(config.PDP_TLS_CLIENT_CA_FILE !== undefined && cert === undefined
      ? ['PDP_TLS_CLIENT_CA_FILE: it needs PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE']
      : []),
    ...(config.PDP_VAULT_KEY !== undefined && config.PDP_VAULT_KEY_COMMAND.length > 0
      ? ['PDP_VAULT_KEY: give it or PDP_VAULT_KEY_COMMAND, not both']
      : []),
  ]
}

/** Whether what is said to a database can be read or forged on its way. */
const isPlain = (url: URL): boolean => !isLoopback(url.hostname) && url.searchParams.get('sslmode') !== 'verify-full'

/** What production refuses, and anything else warns about. */
function insecurities(config: Config): readonly string[] {
  const { PDP_HOST: host, PDP_TLS_CERT_FILE: cert, PDP_TLS_KEY_FILE: key, OPENFGA_API_TOKEN: token } = config
  const { PDP_ISSUER, PDP_JWKS_URL, OPENFGA_URL } = config
  const names = { prefix: 'PDP_', trustProxy: 'TRUST_PROXY', pemSuffix: '_FILE' } as const
  return [
    ...plainListenerFindings({ host, isBehindProxy: config.TRUST_PROXY > 0, cert, key }, names),
    ...plainCallFindings(
      { PDP_ISSUER, PDP_JWKS_URL, OPENFGA_URL },
      config.PDP_PLAIN_HTTP_HOSTS,
      'PDP_PLAIN_HTTP_HOSTS',
    ),
    ...(config.PDP_VAULT_KEY === undefined && config.PDP_VAULT_KEY_COMMAND.length === 0
      ? ['PDP_VAULT_KEY: the key lies beside the vault that it seals; set it, or PDP_VAULT_KEY_COMMAND']
      : []),
    ...(config.PDP_INDEX_URL !== undefined && isPlain(new URL(config.PDP_INDEX_URL))
      ? ['PDP_INDEX_URL: PostgreSQL off loopback without sslmode=verify-full']
      : []),
    ...(token === undefined
      ? ['OPENFGA_API_TOKEN: OpenFGA is asked without a key']
      : weakSecretFindings('OPENFGA_API_TOKEN', token, TOKEN_STRENGTH)),
  ]
}

/** The configuration as it may be printed: secrets are `[redacted]`. */
export function redactedConfig(config: Config): Readonly<Record<string, unknown>> {
  return redactSettings(schema, config)
}
