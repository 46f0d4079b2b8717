/**
 * Configuration of the trips service, read from environment variables.
 *
 * @module
 */
import {
  clientTlsOf,
  type Environment,
  printableEnvironment,
  readService,
  securityFindings,
  setting,
  tlsOf,
} from '@mandate/pep/service'
import { z } from 'zod'

const settingsSchema = z
  .strictObject({
    TRIPS_HOST: setting.host,
    TRIPS_PORT: setting.port(4002),
    TRIPS_ISSUER: setting.identifier,
    TRIPS_IDENTITY_URL: setting.url.optional(),
    TRIPS_AUDIENCE: z.string().min(1).default('trips'),
    TRIPS_CLIENT_ID: z.string().min(1).default('trips'),
    TRIPS_CLIENT_SECRET: setting.secret.optional(),
    TRIPS_CLIENT_KEY: setting.pem,
    TRIPS_PDP_URL: setting.urls,
    TRIPS_DATA_DIR: z.string().min(1).optional(),
    TRIPS_DATABASE_URL: setting.postgresUrl.optional(),
    TRIPS_ABANDONED_SECONDS: setting.integer(1, 3_600).default(30),
    TRIPS_INTERACTIVE_CLIENTS: setting.list(['desktop']),
    TRIPS_HOUSEKEEPING_SECONDS: setting.integer(1, 3_600).default(30),
    TRIPS_PLAIN_HTTP_HOSTS: setting.list([]),
    TRIPS_TRUST_PROXY: z.string().min(1).optional(),
    TRIPS_TLS_CERT: setting.pem,
    TRIPS_TLS_KEY: setting.pem,
    TRIPS_TLS_CA: setting.pem,
    TRIPS_TLS_CLIENT_CA: setting.pem,
    TRIPS_PERSON_PER_MINUTE: setting.limit('personPerMinute'),
    TRIPS_PERSON_BURST: setting.limit('personBurst'),
    TRIPS_SERVICE_PER_SECOND: setting.limit('servicePerSecond'),
    TRIPS_ADDRESS_PER_SECOND: setting.limit('addressPerSecond'),
    TRIPS_CONCURRENT: setting.limit('concurrent'),
    LOG_LEVEL: setting.logLevel,
    NODE_ENV: setting.nodeEnv,
  })
  .superRefine((env, context) => {
    const objections = [
      ...securityFindings({
        prefix: 'TRIPS_',
        nodeEnv: env.NODE_ENV,
        host: env.TRIPS_HOST,
        trustProxy: env.TRIPS_TRUST_PROXY,
        secret: env.TRIPS_CLIENT_SECRET,
        clientKey: env.TRIPS_CLIENT_KEY,
        cert: env.TRIPS_TLS_CERT,
        key: env.TRIPS_TLS_KEY,
        clientCa: env.TRIPS_TLS_CLIENT_CA,
        calls: {
          TRIPS_ISSUER: env.TRIPS_ISSUER,
          TRIPS_IDENTITY_URL: env.TRIPS_IDENTITY_URL,
          TRIPS_PDP_URL: env.TRIPS_PDP_URL,
        },
        plainHttpHosts: env.TRIPS_PLAIN_HTTP_HOSTS,
      }),
    ]
    const { TRIPS_DATA_DIR: folder, TRIPS_DATABASE_URL: url } = env
    if ((folder === undefined) === (url === undefined))
      objections.push('TRIPS_DATA_DIR (SQLite) or TRIPS_DATABASE_URL (PostgreSQL): give one of them')
    for (const message of objections) context.addIssue({ code: 'custom', message })
  })
  .transform((env) => ({
    host: env.TRIPS_HOST,
    port: env.TRIPS_PORT,
    tls: tlsOf({ cert: env.TRIPS_TLS_CERT, key: env.TRIPS_TLS_KEY, clientCa: env.TRIPS_TLS_CLIENT_CA }),
    clientTls: clientTlsOf({ ca: env.TRIPS_TLS_CA, cert: env.TRIPS_TLS_CERT, key: env.TRIPS_TLS_KEY }),
    issuer: env.TRIPS_ISSUER,
    plainHttpHosts: env.TRIPS_PLAIN_HTTP_HOSTS,
    identityUrl: env.TRIPS_IDENTITY_URL,
    audience: env.TRIPS_AUDIENCE,
    clientId: env.TRIPS_CLIENT_ID,
    clientSecret: env.TRIPS_CLIENT_SECRET,
    clientKey: env.TRIPS_CLIENT_KEY,
    pdpUrl: env.TRIPS_PDP_URL,
    dataDir: env.TRIPS_DATA_DIR,
    databaseUrl: env.TRIPS_DATABASE_URL,
    abandonedMs: env.TRIPS_ABANDONED_SECONDS * 1_000,
    interactiveClients: env.TRIPS_INTERACTIVE_CLIENTS,
    housekeepingMs: env.TRIPS_HOUSEKEEPING_SECONDS * 1_000,
    trustProxy: env.TRIPS_TRUST_PROXY,
    limits: {
      personPerMinute: env.TRIPS_PERSON_PER_MINUTE,
      personBurst: env.TRIPS_PERSON_BURST,
      servicePerSecond: env.TRIPS_SERVICE_PER_SECOND,
      addressPerSecond: env.TRIPS_ADDRESS_PER_SECOND,
      concurrent: env.TRIPS_CONCURRENT,
    },
    logLevel: env.LOG_LEVEL,
  }))

/** Configuration from `TRIPS_…`, checked: addresses, credentials, database, limits; durations in milliseconds. */
export type TripsConfig = ReturnType<typeof readConfig>

/** Reads the configuration. @throws ConfigError naming every problem. */
export function readConfig(env: Environment) {
  return readService(env, 'TRIPS_', settingsSchema)
}

/** Reads the settings, with secrets left out, for `--print-config`. @throws ConfigError naming every problem. */
export function printableConfig(env: Environment): Readonly<Record<string, unknown>> {
  return printableEnvironment(env, { prefix: 'TRIPS_', schema: settingsSchema })
}
