/**
 * Configuration: the environment, parsed once and whole. Every problem is reported together; nothing has a default that would be unsafe.
 *
 * @module
 */
import { join } from 'node:path'
import {
  environmentObjection,
  isLoopback,
  nameSchema,
  plainHttpObjection,
  SECOND_FACTORS,
  secondFactorSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import { DEFAULT_LIMITS } from './http/limits.ts'
import { metadataKeyOf } from './http/metadata.ts'

/** A configuration that cannot be used: `problems` says everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

const port = z.coerce.number().int().min(0).max(65_535)
const positive = z.coerce.number().int().min(1)
/** An identifier, or an address that is asked as it stands: kept as it was given. */
const httpUrl = z.url({ protocol: /^https?$/u, error: 'must be an http or https URL' })
/** An address that paths are added to. */
const baseUrl = httpUrl.transform((url) => url.replace(/\/+$/u, ''))
/** An identifier has neither (AuthZEN 1.0, section 9.2.1; OpenID Connect Discovery 1.0, section 3). */
const identifier = httpUrl.refine((url) => !/[?#]/u.test(url), 'must have no query or fragment')
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

const words = z.string().transform((text) => text.split(' ').filter((word) => word !== ''))

/** `client=type+type,client=type`. */
const servicesSchema = z.string().transform((text, context) => {
  const services = new Map<string, readonly string[]>()
  for (const item of text.split(',').filter((part) => part.trim() !== '')) {
    const [client = '', types = ''] = item.split('=')
    const named = types.split('+').map((type) => type.trim())
    if (!client.trim() || !named.every((type) => nameSchema.safeParse(type).success))
      context.addIssue({ code: 'custom', message: `"${item}" must be client=type+type` })
    if (services.has(client.trim())) context.addIssue({ code: 'custom', message: `"${client.trim()}" stands twice` })
    services.set(client.trim(), named)
  }
  return services
})

/** `URL VKEY, URL VKEY`. The keys are read at start. */
const witnessesSchema = list.transform((items, context) =>
  items.map((item) => {
    const [address = '', vkey = '', ...more] = item.split(/\s+/u)
    const url = baseUrl.safeParse(address)
    if (!url.success || more.length > 0 || !/^[^+]+\+[0-9a-f]{8}\+\S+$/u.test(vkey))
      context.addIssue({ code: 'custom', message: `"${item}" must be the URL and the verifier key of a witness` })
    return { url: url.data ?? '', vkey }
  }),
)

const schema = z.strictObject({
  PDP_HOST: z.string().default('127.0.0.1'),
  PDP_PORT: port.default(8181),
  /** Where callers find it, when that is not the listener itself: behind a proxy. */
  PDP_PUBLIC_URL: identifier.optional(),
  PDP_ISSUER: identifier,
  PDP_JWKS_URL: httpUrl.optional(),
  /** Hosts of the issuer's keys and of OpenFGA that are called in plain HTTP, off loopback, on a network that only the two share. */
  PDP_PLAIN_HTTP_HOSTS: list.default([]),
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
  PDP_VAULT_KEY: z.string().optional(),
  /** A program, such as a KMS's, that prints the key; its words are split at spaces. */
  PDP_VAULT_KEY_COMMAND: words.default([]),
  /** Keys from before a rotation: what they sealed is sealed anew at the next start. */
  PDP_VAULT_OLD_KEYS: list.default([]),
  /** Folders of packs, instead of those that `fga.mod` lists. */
  PDP_PACKS: list.default([]),
  PDP_INTERACTIVE_CLIENTS: list.default(['desktop', 'auditor', 'mandate-cli']),
  PDP_SERVICES: servicesSchema.default(new Map()),
  /** Clients beside the services that keep something of people, such as agents: they too are told whom to forget. */
  PDP_ERASURE_CLIENTS: list.default([]),
  /** The identity of a PDP whose database is gone, and whose store of OpenFGA is to be this one's. */
  PDP_TAKE_OVER_FROM: z
    .string()
    .regex(/^[0-9a-f]{32}$/u, 'must be the 32 digits that the refused start named')
    .optional(),
  PDP_MAX_CHAIN_DEPTH: z.coerce.number().int().min(1).max(10).default(5),
  /** How many days a dead grant stays in OpenFGA, and how often is looked for such, in minutes; 0: never. */
  PDP_SWEEP_AFTER_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  PDP_SWEEP_EVERY_MINUTES: z.coerce.number().int().min(0).max(10_080).default(60),
  /** The index of the decision log, shared by PDPs that have a log each; without it the index is a file of this PDP's. */
  PDP_INDEX_URL: z.url({ protocol: /^postgres(ql)?$/u, error: 'must be a postgres URL' }).optional(),
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
  PDP_ANCHOR_URL: httpUrl.optional(),
  /** Hosts of witnesses and anchors that may have private addresses, with their port where it is not the default. */
  PDP_PRIVATE_HOSTS: list.default([]),
  PDP_TLS_CERT_FILE: z.string().optional(),
  PDP_TLS_KEY_FILE: z.string().optional(),
  /** mTLS: only who shows a certificate of this authority is let in. */
  PDP_TLS_CLIENT_CA_FILE: z.string().optional(),
  /** Whose certificates are trusted where the PDP itself calls over https, OpenFGA and the issuer; its own is shown there (mTLS). */
  PDP_TLS_CA_FILE: z.string().optional(),
  /** Signs the metadata (AuthZEN 1.0, section 9.2). */
  PDP_METADATA_KEY_FILE: z.string().optional(),
  PDP_PERSON_PER_MINUTE: positive.default(DEFAULT_LIMITS.personPerMinute),
  PDP_PERSON_BURST: positive.default(DEFAULT_LIMITS.personBurst),
  PDP_SERVICE_PER_SECOND: positive.default(DEFAULT_LIMITS.servicePerSecond),
  PDP_ADDRESS_PER_SECOND: positive.default(DEFAULT_LIMITS.addressPerSecond),
  PDP_CONCURRENT: positive.default(DEFAULT_LIMITS.concurrent),
  PDP_PERSON_CONCURRENT: positive.default(DEFAULT_LIMITS.personConcurrent),
  PDP_STREAMS: positive.default(DEFAULT_LIMITS.streams),
  OPENFGA_URL: baseUrl,
  OPENFGA_API_TOKEN: z.string().optional(),
  OPENFGA_STORE: z.string().min(1).default('mandate'),
  OPENFGA_DEADLINE_MS: z.coerce.number().int().min(10).max(10_000).default(500),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOG_ON_FAILURE: z.enum(['deny', 'buffer']).default('deny'),
  /** How many proxies in front say truly where a request came from. */
  TRUST_PROXY: z.coerce.number().int().min(0).max(8).default(0),
  NODE_ENV: z.enum(['production', 'development', 'test']).default('development'),
})
export type Config = z.output<typeof schema>

const OURS = /^(PDP_|OPENFGA_|LOG_)/
const SECRETS = ['OPENFGA_API_TOKEN', 'PDP_VAULT_KEY', 'PDP_VAULT_OLD_KEYS', 'PDP_INDEX_URL'] as const
const MIN_SECRET = 24

export interface ParsedConfig {
  readonly config: Config
  /** Legal but insecure settings, one sentence each. */
  readonly warnings: readonly string[]
}

/**
 * Parses the environment. A secret may stand in a file: `OPENFGA_API_TOKEN_FILE`.
 *
 * @param readFile - Reads a secret's file; throws when it cannot.
 * @throws ConfigError with every problem at once.
 */
export function parseConfig(
  environment: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
): ParsedConfig {
  const objection = environmentObjection(environment)
  const problems: string[] = objection === undefined ? [] : [objection]
  const known = Object.keys(schema.shape)
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value === '') continue
    if (known.includes(name)) values[name] = value
    else if (OURS.test(name) && !SECRETS.some((secret) => name === `${secret}_FILE`))
      problems.push(`${name}: there is no such setting`)
  }
  for (const secret of SECRETS) {
    const path = environment[`${secret}_FILE`]
    if (!path) continue
    if (values[secret] !== undefined) problems.push(`${secret}: give it or ${secret}_FILE, not both`)
    const text = readOr(problems, `${secret}_FILE`, path, readFile)
    if (text !== undefined) values[secret] = text.trim()
  }
  const parsed = schema.safeParse(values)
  if (!parsed.success) problems.push(...parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`))
  const { errors, warnings } = parsed.success ? insecurities(parsed.data) : { errors: [], warnings: [] }
  problems.push(...errors)
  for (const name of TLS_FILES) readOr(problems, name, values[name], readFile)
  problems.push(...keyProblems(values['PDP_METADATA_KEY_FILE'], readFile))
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)
  return { config: parsed.data, warnings }
}

const TLS_FILES = ['PDP_TLS_CERT_FILE', 'PDP_TLS_KEY_FILE', 'PDP_TLS_CLIENT_CA_FILE', 'PDP_TLS_CA_FILE'] as const

type ReadFile = (path: string) => string

/** The file's text; `undefined` without a path, and with a problem more when it cannot be read. */
function readOr(problems: string[], name: string, path: string | undefined, readFile: ReadFile): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFile(path)
  } catch {
    problems.push(`${name}: ${path} cannot be read`)
    return undefined
  }
}

/** What is wrong with the key that signs metadata: found at start, not at the first request. */
function keyProblems(path: string | undefined, readFile: ReadFile): readonly string[] {
  const problems: string[] = []
  const pem = readOr(problems, 'PDP_METADATA_KEY_FILE', path, readFile)
  if (pem === undefined) return problems
  try {
    metadataKeyOf(pem)
    return []
  } catch (error) {
    return [`PDP_METADATA_KEY_FILE: ${path} ${error instanceof Error ? error.message : ''}`]
  }
}

/** Whether what is said to a database may be read, or whoever is in between may stand for it. */
const isPlain = (url: URL): boolean => !isLoopback(url.hostname) && url.searchParams.get('sslmode') !== 'verify-full'

/** What the PDP believes, and what it shows its key to: whoever is on the way could give itself out for either. */
function plainCalls(config: Config): readonly string[] {
  return (['PDP_ISSUER', 'PDP_JWKS_URL', 'OPENFGA_URL'] as const).flatMap((name) => {
    const objection = plainHttpObjection(config[name] ?? '', config.PDP_PLAIN_HTTP_HOSTS)
    return objection ? [`${name}: ${objection} (PDP_PLAIN_HTTP_HOSTS)`] : []
  })
}

/** What production refuses, anything else warns about. */
function insecurities(config: Config): { readonly errors: readonly string[]; readonly warnings: readonly string[] } {
  const found: string[] = []
  const hasTls = config.PDP_TLS_CERT_FILE !== undefined
  const errors = [
    ...(hasTls === (config.PDP_TLS_KEY_FILE !== undefined)
      ? []
      : ['PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE go together']),
    ...(config.PDP_TLS_CLIENT_CA_FILE !== undefined && !hasTls
      ? ['PDP_TLS_CLIENT_CA_FILE: it needs PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE']
      : []),
    ...(config.PDP_VAULT_KEY !== undefined && config.PDP_VAULT_KEY_COMMAND.length > 0
      ? ['PDP_VAULT_KEY: give it or PDP_VAULT_KEY_COMMAND, not both']
      : []),
  ]
  if (!isLoopback(config.PDP_HOST) && !hasTls && config.TRUST_PROXY === 0)
    found.push(
      'PDP_HOST: plain HTTP off loopback; set PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE, or TRUST_PROXY behind a proxy that terminates TLS',
    )
  found.push(...plainCalls(config))
  if (config.PDP_VAULT_KEY === undefined && config.PDP_VAULT_KEY_COMMAND.length === 0)
    found.push('PDP_VAULT_KEY: the key lies beside the vault that it seals; set it, or PDP_VAULT_KEY_COMMAND')
  if (config.PDP_INDEX_URL !== undefined && isPlain(new URL(config.PDP_INDEX_URL)))
    found.push('PDP_INDEX_URL: PostgreSQL off loopback without sslmode=verify-full')
  const token = config.OPENFGA_API_TOKEN
  if (token === undefined) found.push('OPENFGA_API_TOKEN: OpenFGA is asked without a key')
  else if (token.length < MIN_SECRET || /demo|change-?me|secret/iu.test(token))
    found.push(`OPENFGA_API_TOKEN: a demo secret, or shorter than ${MIN_SECRET} characters`)
  return config.NODE_ENV === 'production'
    ? { errors: [...errors, ...found], warnings: [] }
    : { errors, warnings: found }
}

/** The configuration as it may be shown: secrets are not. */
export function redactedConfig(config: Config): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = { ...config, PDP_SERVICES: Object.fromEntries(config.PDP_SERVICES) }
  for (const secret of SECRETS) if (shown[secret] !== undefined) shown[secret] = '[redacted]'
  return shown
}
