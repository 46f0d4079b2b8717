/**
 * For services around the enforcement point: the service kit (configuration, listener, outgoing calls, redaction), with what depends on the
 * enforcement point's own options.
 *
 * @module
 */
import {
  type Environment,
  type EnvironmentRules as KitRules,
  setting as kitSetting,
  plainCallFindings,
  plainListenerFindings,
  readEnvironment as readKit,
  type Tls,
  tlsFindings,
  weakSecretFindings,
} from '@mandate/service'
import type { z } from 'zod'
import { DEFAULT_LIMITS } from './limits.ts'
import { type AccountSettings, accountObjection, accountOf, secretLines } from './service-account.ts'

export {
  type Calls,
  type ClientTls,
  ConfigError,
  clientTlsOf,
  configErrorText,
  createCalls,
  type Environment,
  EXIT_CONFIG,
  type Listener,
  type ListenerBounds,
  type ListenerOptions,
  permissionsPolicy,
  prepareTls,
  printableEnvironment,
  type Reload,
  type RunningService,
  redaction,
  reportFailure,
  secret,
  serve,
  type Tls,
} from '@mandate/service'
export { createLimits, DEFAULT_LIMITS, type LimitOptions, type Limits } from './limits.ts'
export { requestLog } from './request-log.ts'
export { type AccountSettings, accountOf, secretLines } from './service-account.ts'

/** Which environment variables a configuration is read from, and the schema that checks them. */
export interface EnvironmentRules<S extends z.ZodType> extends KitRules<S> {
  /** @deprecated Every variable of the schema is read. */
  readonly shared?: readonly string[]
}

/**
 * Reads a configuration from environment variables. `NAME_FILE` gives `NAME` from a file, for secrets; giving both is a mistake.
 *
 * @throws ConfigError naming every problem.
 */
export function readEnvironment<S extends z.ZodType>(env: Environment, rules: EnvironmentRules<S>): z.output<S> {
  return readKit(env, rules)
}

/**
 * Reads the configuration of a service that has an account at the identity provider: as {@link readEnvironment}, its secret or key ready for use in
 * `credentials` ({@link accountOf}).
 *
 * @param prefix - Of the service's variables, such as `TRIPS_`.
 * @throws ConfigError naming every problem.
 */
export function readService<S extends z.ZodType<AccountSettings>>(env: Environment, prefix: string, schema: S) {
  const read = readKit(env, { prefix, schema })
  const { clientSecret: _secret, clientKey: _key, ...config } = read
  return { ...config, credentials: accountOf(env, prefix, read) }
}

/** @deprecated Use {@link redaction}, which covers more: each of these paths costs pino time on every line. */
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

/** Building blocks of configuration schemas. */
export const setting = {
  ...kitSetting,
  /** A rate or concurrency limit. */
  limit: (which: keyof typeof DEFAULT_LIMITS) => kitSetting.limit(DEFAULT_LIMITS[which]),
} as const

/** What decides whether others can read or forge what a service sends and receives, or guess its secret. */
export interface SecuritySettings {
  /** Of the service's variables, such as `TRIPS_`. @default '' */
  readonly prefix?: string
  readonly nodeEnv: string | undefined
  readonly host: string
  readonly trustProxy: string | undefined
  /** The client secret; exactly one of it and `clientKey` is given. */
  readonly secret: string | undefined
  /** The client's private key. @default none */
  readonly clientKey?: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  /** The authority whose client certificates are accepted. @default clients need no certificate */
  readonly clientCa?: string | undefined
  /** URLs that the service calls with tokens, by setting. @default none */
  readonly calls?: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Hosts among them that may be called in plain HTTP. @default none */
  readonly plainHttpHosts?: readonly string[]
}

/** Shortest client secret in production, in characters. */
const MIN_SECRET = 16

/**
 * What is wrong with a service's transport security and credentials: a certificate without its key, neither or both of secret and key, and plain HTTP
 * to another host; in production also a listener that other machines reach in plain HTTP, and a secret that can be guessed.
 *
 * @returns one sentence a finding, beginning with its variable and without a value.
 */
export function securityFindings(settings: SecuritySettings): readonly string[] {
  const { prefix = '', nodeEnv, host, trustProxy, secret, clientKey, cert, key, clientCa } = settings
  const { calls = {}, plainHttpHosts = [] } = settings
  const listener = { host, isBehindProxy: trustProxy !== undefined, cert, key, clientCa }
  const account = accountObjection({ clientSecret: secret, clientKey }, prefix)
  return [
    ...tlsFindings(listener, { prefix }),
    ...(account === undefined ? [] : [account]),
    ...plainCallFindings(calls, plainHttpHosts, `${prefix}PLAIN_HTTP_HOSTS`),
    ...(nodeEnv === 'production'
      ? [
          ...plainListenerFindings(listener, { prefix }),
          ...secretLines(secret ?? '').flatMap((one) =>
            weakSecretFindings(`${prefix}CLIENT_SECRET`, one, { minLength: MIN_SECRET }),
          ),
        ]
      : []),
  ]
}

/** @deprecated Use {@link securityFindings}. */
export function doorObjections(settings: SecuritySettings): readonly string[] {
  return securityFindings(settings)
}
/** @deprecated Use {@link SecuritySettings}. */
export type DoorSettings = SecuritySettings

/** Variables of files that a service takes again while it runs, for {@link Reload}. @param names - Of further settings, without the prefix. */
export const reloadedFiles = (prefix: string, ...names: readonly string[]): readonly string[] =>
  ['TLS_CERT', 'TLS_KEY', 'TLS_CA', 'TLS_CLIENT_CA', 'CLIENT_SECRET', 'CLIENT_KEY', ...names].map(
    (name) => `${prefix}${name}_FILE`,
  )

/** The listener's TLS options; `undefined` unless certificate and key are both given. */
export function tlsOf({ cert, key, clientCa }: Pick<SecuritySettings, 'cert' | 'key' | 'clientCa'>): Tls | undefined {
  return cert !== undefined && key !== undefined ? { cert, key, clientCa } : undefined
}
