/**
 * What every small service around the enforcement point needs: configuration read once and whole, limits, a listener that stops cleanly,
 * and the paths that logs must never show.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import {
  environmentObjection,
  isLoopback,
  isRequestId,
  PERMISSIONS_POLICY,
  plainHttpObjection,
} from '@mandate/protocol'
import { type Tls, tlsObjection } from '@mandate/service'
import type { Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import { DEFAULT_LIMITS } from './limits.ts'
import { type AccountSettings, accountObjection, accountOf } from './service-account.ts'

export { type Listener, type ListenerBounds, type ListenerOptions, serve, type Tls } from '@mandate/service'
export { createLimits, DEFAULT_LIMITS, type LimitOptions, type Limits } from './limits.ts'
export { type AccountSettings, accountOf, type Calls, clientTlsOf, createCalls } from './service-account.ts'
export type { ClientTls } from './transport.ts'

/** Exit status for a bad configuration (`EX_CONFIG` of sysexits). */
export const EXIT_CONFIG = 78

/** For pino's `redact`: nothing that opens a door is written down. */
export const REDACTED: string[] = [
  'authorization',
  'cookie',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'clientSecret',
  'client_secret',
  'password',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`])

/** Every problem of a configuration at once, one a line. Names variables, never their values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export interface EnvironmentRules<S extends z.ZodType> {
  /** Variables with this prefix must be known to the schema, so that a typo is not silently a default. */
  readonly prefix: string
  /** Variables without the prefix that are read too. */
  readonly shared: readonly string[]
  readonly schema: S
}

/**
 * Reads a configuration from environment variables. `NAME_FILE` gives `NAME` from a file, for secrets; giving both is a mistake.
 *
 * @throws ConfigError naming every problem.
 */
export function readEnvironment<S extends z.ZodType>(
  env: Readonly<Record<string, string | undefined>>,
  { prefix, shared, schema }: EnvironmentRules<S>,
): z.output<S> {
  const objection = environmentObjection(env)
  const problems: string[] = objection === undefined ? [] : [objection]
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '' || !(name.startsWith(prefix) || shared.includes(name))) continue
    const target = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : name
    if (target !== name && env[target]) problems.push(`${target}: given twice, by ${name} too`)
    else values[target] = target === name ? value : readSecret(name, value, problems)
  }
  const parsed = schema.safeParse(values)
  if (!parsed.success) problems.push(...parsed.error.issues.map(problemText))
  if (parsed.success && problems.length === 0) return parsed.data
  throw new ConfigError(problems.join('\n'))
}

/** Read by every service beside its own. */
const SHARED = ['LOG_LEVEL', 'NODE_ENV'] as const

/**
 * Reads the configuration of a service that has an account at the identity provider: as {@link readEnvironment}, its secret or key ready for use in
 * `credentials` ({@link accountOf}).
 *
 * @param prefix - Of the service's variables, such as `TRIPS_`.
 * @throws ConfigError naming every problem.
 */
export function readService<S extends z.ZodType<AccountSettings>>(
  env: Readonly<Record<string, string | undefined>>,
  prefix: string,
  schema: S,
) {
  const read = readEnvironment(env, { prefix, shared: SHARED, schema })
  const { clientSecret: _secret, clientKey: _key, ...config } = read
  return { ...config, credentials: accountOf(env, prefix, read) }
}

function readSecret(name: string, path: string, problems: string[]): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    problems.push(`${name}: the file cannot be read`)
    return 'unread'
  }
}

function problemText(issue: z.core.$ZodIssue): string {
  const name = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')}: not a known setting`
  return name ? `${name}: ${issue.message}` : issue.message
}

/** Building blocks of configuration schemas. */
export const setting = {
  host: z.string().min(1).default('127.0.0.1'),
  port: (byDefault: number) => z.coerce.number().int().min(0).max(65_535).default(byDefault),
  /** An address that paths are added to. */
  url: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).transform((url) => url.replace(/\/+$/u, '')),
  /** An issuer, or another name that is compared: kept as it was given. */
  identifier: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .refine((url) => !/[?#]/u.test(url), 'must have no query or fragment'),
  secret: z.string().min(8, 'must have at least 8 characters'),
  list: (byDefault: readonly string[]) =>
    z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .pipe(z.array(z.string().min(1, 'must be a comma-separated list')))
      .default([...byDefault]),
  /** PEM, most often from a file: `NAME_FILE`. */
  pem: z.string().min(1).optional(),
  /** How much is let in at most. */
  limit: (which: keyof typeof DEFAULT_LIMITS) => z.coerce.number().int().min(1).default(DEFAULT_LIMITS[which]),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  nodeEnv: z.string().optional(),
} as const

/** What decides whether strangers can listen in or guess. */
export interface DoorSettings {
  readonly nodeEnv: string | undefined
  readonly host: string
  readonly trustProxy: string | undefined
  /** The client secret; of it and `clientKey` one is given. */
  readonly secret: string | undefined
  /** @default no key */
  readonly clientKey?: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  /** Whose certificates are let in. @default anybody */
  readonly clientCa?: string | undefined
  /** What the service calls with tokens, by the names of the settings. @default none */
  readonly calls?: Readonly<Record<string, string | undefined>>
  /** Hosts among them that may be called in plain HTTP. @default none */
  readonly plainHttpHosts?: readonly string[]
}

/**
 * What is wrong with a service's doors: a certificate that is of no use anywhere, and plain HTTP to an issuer, a PDP or another service that is
 * not on loopback; in production also a listener that strangers reach in plain HTTP, and a secret that can be guessed.
 */
export function doorObjections(settings: DoorSettings): readonly string[] {
  const { nodeEnv, host, trustProxy, secret, clientKey, cert, key, clientCa } = settings
  const objections = [
    tlsObjection({ cert, key }),
    accountObjection({ clientSecret: secret, clientKey }),
    clientCa !== undefined && cert === undefined ? 'TLS_CLIENT_CA needs TLS_CERT and TLS_KEY' : undefined,
    ...plainCalls(settings),
  ].filter((objection) => objection !== undefined)
  if (nodeEnv !== 'production') return objections
  if (!isLoopback(host) && trustProxy === undefined && cert === undefined) {
    objections.push(
      'plain HTTP off loopback needs TLS_CERT and TLS_KEY, or TRUST_PROXY to name the proxy that terminates TLS',
    )
  }
  if (secret !== undefined && secret.length < 16)
    objections.push('the client secret must have at least 16 characters in production')
  return objections
}

function plainCalls({ calls = {}, plainHttpHosts = [] }: DoorSettings): readonly (string | undefined)[] {
  return Object.entries(calls).map(([name, url = '']) => {
    const objection = plainHttpObjection(url, plainHttpHosts)
    return objection && `${name}: ${objection} (PLAIN_HTTP_HOSTS)`
  })
}

/** `undefined` without both. */
export function tlsOf({ cert, key, clientCa }: Pick<DoorSettings, 'cert' | 'key' | 'clientCa'>): Tls | undefined {
  return cert !== undefined && key !== undefined ? { cert, key, clientCa } : undefined
}

/** The request id, unless it could be words, or is the caller's own sub in any spelling. */
function keptId(req: Request, res: Response): string | undefined {
  const id = res.get('X-Request-ID')
  const fold = (text: string): string => text.toLowerCase().replaceAll('-', '')
  const sub = req.authz?.subject.id
  return id !== undefined && isRequestId(id) && (sub === undefined || fold(id) !== fold(sub)) ? id : undefined
}

/** For pages that an answer is made into: no camera, no microphone, no place. helmet does not set it. */
export const permissionsPolicy: RequestHandler = (_req, res, next) => {
  res.set('Permissions-Policy', PERMISSIONS_POLICY)
  next()
}

/** One line a request: no path parameters, no query, no person. */
export function requestLog(logger: { readonly info: (fields: object, message: string) => void }): RequestHandler {
  return (req, res, next) => {
    const started = performance.now()
    res.once('finish', () => {
      const route: unknown = req.route?.path
      logger.info(
        {
          method: req.method,
          route: typeof route === 'string' ? route : 'none',
          status: res.statusCode,
          ms: Math.round(performance.now() - started),
          request_id: keptId(req, res),
          evaluation_id: res.get('X-Evaluation-ID'),
        },
        'request',
      )
    })
    next()
  }
}
