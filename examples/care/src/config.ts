/**
 * Configuration of the care service, read from environment variables.
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
    CARE_HOST: setting.host,
    CARE_PORT: setting.port(4005),
    CARE_ISSUER: setting.identifier,
    CARE_IDENTITY_URL: setting.url.optional(),
    CARE_AUDIENCE: z.string().min(1).default('care'),
    CARE_CLIENT_ID: z.string().min(1).default('care'),
    CARE_CLIENT_SECRET: setting.secret.optional(),
    CARE_CLIENT_KEY: setting.pem,
    CARE_PDP_URL: setting.urls,
    CARE_DATA_DIR: z.string().min(1),
    CARE_INTERACTIVE_CLIENTS: setting.list(['desktop']),
    CARE_HOUSEKEEPING_SECONDS: setting.integer(1, 3_600).default(30),
    CARE_PLAIN_HTTP_HOSTS: setting.list([]),
    CARE_TRUST_PROXY: z.string().min(1).optional(),
    CARE_TLS_CERT: setting.pem,
    CARE_TLS_KEY: setting.pem,
    CARE_TLS_CA: setting.pem,
    CARE_TLS_CLIENT_CA: setting.pem,
    CARE_PERSON_PER_MINUTE: setting.limit('personPerMinute'),
    CARE_PERSON_BURST: setting.limit('personBurst'),
    CARE_SERVICE_PER_SECOND: setting.limit('servicePerSecond'),
    CARE_ADDRESS_PER_SECOND: setting.limit('addressPerSecond'),
    CARE_CONCURRENT: setting.limit('concurrent'),
    LOG_LEVEL: setting.logLevel,
    NODE_ENV: setting.nodeEnv,
  })
  .superRefine((env, context) => {
    const objections = securityFindings({
      prefix: 'CARE_',
      nodeEnv: env.NODE_ENV,
      host: env.CARE_HOST,
      trustProxy: env.CARE_TRUST_PROXY,
      secret: env.CARE_CLIENT_SECRET,
      clientKey: env.CARE_CLIENT_KEY,
      cert: env.CARE_TLS_CERT,
      key: env.CARE_TLS_KEY,
      clientCa: env.CARE_TLS_CLIENT_CA,
      calls: {
        CARE_ISSUER: env.CARE_ISSUER,
        CARE_IDENTITY_URL: env.CARE_IDENTITY_URL,
        CARE_PDP_URL: env.CARE_PDP_URL,
      },
      plainHttpHosts: env.CARE_PLAIN_HTTP_HOSTS,
    })
    for (const message of objections) context.addIssue({ code: 'custom', message })
  })
  .transform((env) => ({
    host: env.CARE_HOST,
    port: env.CARE_PORT,
    tls: tlsOf({ cert: env.CARE_TLS_CERT, key: env.CARE_TLS_KEY, clientCa: env.CARE_TLS_CLIENT_CA }),
    clientTls: clientTlsOf({ ca: env.CARE_TLS_CA, cert: env.CARE_TLS_CERT, key: env.CARE_TLS_KEY }),
    issuer: env.CARE_ISSUER,
    plainHttpHosts: env.CARE_PLAIN_HTTP_HOSTS,
    identityUrl: env.CARE_IDENTITY_URL,
    audience: env.CARE_AUDIENCE,
    clientId: env.CARE_CLIENT_ID,
    clientSecret: env.CARE_CLIENT_SECRET,
    clientKey: env.CARE_CLIENT_KEY,
    pdpUrl: env.CARE_PDP_URL,
    dataDir: env.CARE_DATA_DIR,
    interactiveClients: env.CARE_INTERACTIVE_CLIENTS,
    housekeepingMs: env.CARE_HOUSEKEEPING_SECONDS * 1_000,
    trustProxy: env.CARE_TRUST_PROXY,
    limits: {
      personPerMinute: env.CARE_PERSON_PER_MINUTE,
      personBurst: env.CARE_PERSON_BURST,
      servicePerSecond: env.CARE_SERVICE_PER_SECOND,
      addressPerSecond: env.CARE_ADDRESS_PER_SECOND,
      concurrent: env.CARE_CONCURRENT,
    },
    logLevel: env.LOG_LEVEL,
  }))

/** Configuration from `CARE_…`, checked: addresses, credentials, limits; durations in milliseconds. */
export type CareConfig = ReturnType<typeof readConfig>

/** Reads the configuration. @throws ConfigError naming every problem. */
export function readConfig(env: Environment) {
  return readService(env, 'CARE_', settingsSchema)
}

/** Reads the settings, with secrets left out, for `--print-config`. @throws ConfigError naming every problem. */
export function printableConfig(env: Environment): Readonly<Record<string, unknown>> {
  return printableEnvironment(env, { prefix: 'CARE_', schema: settingsSchema })
}
