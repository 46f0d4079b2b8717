/**
 * The agent's configuration, read from environment variables.
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
import { pathIdSchema } from '@mandate/protocol'
import { z } from 'zod'

const settingsSchema = z
  .strictObject({
    AGENT_HOST: setting.host,
    AGENT_PORT: setting.port(4003),
    AGENT_ISSUER: setting.identifier,
    AGENT_IDENTITY_URL: setting.url.optional(),
    AGENT_AUDIENCE: z.string().min(1).default('booking-agent'),
    AGENT_CLIENT_ID: z.string().min(1).default('booking-agent'),
    AGENT_CLIENT_SECRET: setting.secret.optional(),
    AGENT_CLIENT_KEY: setting.pem,
    AGENT_TRIPS_URL: setting.url,
    AGENT_PDP_URL: setting.urls,
    AGENT_DATA_DIR: z.string().min(1),
    AGENT_INTERACTIVE_CLIENTS: setting.list(['desktop']),
    AGENT_PARALLEL_ITEMS: setting.integer(1, 16).default(4),
    AGENT_SCHEDULE_WORKFLOWS: setting.list([]).pipe(z.array(pathIdSchema)),
    AGENT_SCHEDULE_SECONDS: setting.integer(1, 86_400).default(3_600),
    AGENT_HOUSEKEEPING_SECONDS: setting.integer(1, 3_600).default(30),
    AGENT_PUBLIC_URL: setting.url.optional(),
    AGENT_GRANT_EVENTS_ISSUER: setting.identifier.optional(),
    AGENT_GRANT_EVENTS_KEYS_URL: setting.exactUrl.optional(),
    AGENT_GRANT_EVENTS_TOKEN: setting.secret.optional(),
    AGENT_PLAIN_HTTP_HOSTS: setting.list([]),
    AGENT_TRUST_PROXY: z.string().min(1).optional(),
    AGENT_TLS_CERT: setting.pem,
    AGENT_TLS_KEY: setting.pem,
    AGENT_TLS_CA: setting.pem,
    AGENT_TLS_CLIENT_CA: setting.pem,
    AGENT_PERSON_PER_MINUTE: setting.limit('personPerMinute'),
    AGENT_PERSON_BURST: setting.limit('personBurst'),
    AGENT_SERVICE_PER_SECOND: setting.limit('servicePerSecond'),
    AGENT_ADDRESS_PER_SECOND: setting.limit('addressPerSecond'),
    AGENT_CONCURRENT: setting.limit('concurrent'),
    LOG_LEVEL: setting.logLevel,
    NODE_ENV: setting.nodeEnv,
  })
  .superRefine((env, context) => {
    const objections = [
      ...securityFindings({
        prefix: 'AGENT_',
        nodeEnv: env.NODE_ENV,
        host: env.AGENT_HOST,
        trustProxy: env.AGENT_TRUST_PROXY,
        secret: env.AGENT_CLIENT_SECRET,
        clientKey: env.AGENT_CLIENT_KEY,
        cert: env.AGENT_TLS_CERT,
        key: env.AGENT_TLS_KEY,
        clientCa: env.AGENT_TLS_CLIENT_CA,
        calls: {
          AGENT_ISSUER: env.AGENT_ISSUER,
          AGENT_IDENTITY_URL: env.AGENT_IDENTITY_URL,
          AGENT_PDP_URL: env.AGENT_PDP_URL,
          AGENT_TRIPS_URL: env.AGENT_TRIPS_URL,
          AGENT_GRANT_EVENTS_KEYS_URL: env.AGENT_GRANT_EVENTS_KEYS_URL,
        },
        plainHttpHosts: env.AGENT_PLAIN_HTTP_HOSTS,
      }),
    ]
    if (env.NODE_ENV === 'production' && env.AGENT_PUBLIC_URL === undefined)
      objections.push('AGENT_PUBLIC_URL: required in production: the URL at which clients reach the agent')
    if ((env.AGENT_GRANT_EVENTS_ISSUER === undefined) !== (env.AGENT_GRANT_EVENTS_TOKEN === undefined))
      objections.push('AGENT_GRANT_EVENTS_ISSUER and AGENT_GRANT_EVENTS_TOKEN: give both, or none')
    for (const message of objections) context.addIssue({ code: 'custom', message })
  })
  .transform((env) => ({
    host: env.AGENT_HOST,
    port: env.AGENT_PORT,
    tls: tlsOf({ cert: env.AGENT_TLS_CERT, key: env.AGENT_TLS_KEY, clientCa: env.AGENT_TLS_CLIENT_CA }),
    clientTls: clientTlsOf({ ca: env.AGENT_TLS_CA, cert: env.AGENT_TLS_CERT, key: env.AGENT_TLS_KEY }),
    issuer: env.AGENT_ISSUER,
    plainHttpHosts: env.AGENT_PLAIN_HTTP_HOSTS,
    identityUrl: env.AGENT_IDENTITY_URL,
    audience: env.AGENT_AUDIENCE,
    clientId: env.AGENT_CLIENT_ID,
    clientSecret: env.AGENT_CLIENT_SECRET,
    clientKey: env.AGENT_CLIENT_KEY,
    tripsUrl: env.AGENT_TRIPS_URL,
    pdpUrl: env.AGENT_PDP_URL,
    dataDir: env.AGENT_DATA_DIR,
    interactiveClients: env.AGENT_INTERACTIVE_CLIENTS,
    parallelItems: env.AGENT_PARALLEL_ITEMS,
    schedule: { workflows: env.AGENT_SCHEDULE_WORKFLOWS, everyMs: env.AGENT_SCHEDULE_SECONDS * 1_000 },
    housekeepingMs: env.AGENT_HOUSEKEEPING_SECONDS * 1_000,
    publicUrl: env.AGENT_PUBLIC_URL,
    grantEvents: grantEventsOf(env),
    trustProxy: env.AGENT_TRUST_PROXY,
    limits: {
      personPerMinute: env.AGENT_PERSON_PER_MINUTE,
      personBurst: env.AGENT_PERSON_BURST,
      servicePerSecond: env.AGENT_SERVICE_PER_SECOND,
      addressPerSecond: env.AGENT_ADDRESS_PER_SECOND,
      concurrent: env.AGENT_CONCURRENT,
    },
    logLevel: env.LOG_LEVEL,
  }))

interface GrantEventSettings {
  readonly AGENT_GRANT_EVENTS_ISSUER?: string | undefined
  readonly AGENT_GRANT_EVENTS_KEYS_URL?: string | undefined
  readonly AGENT_GRANT_EVENTS_TOKEN?: string | undefined
}

/** How the PDP's events about grants are verified. `undefined`: none are taken. */
function grantEventsOf(env: GrantEventSettings) {
  const {
    AGENT_GRANT_EVENTS_ISSUER: issuer,
    AGENT_GRANT_EVENTS_TOKEN: text,
    AGENT_GRANT_EVENTS_KEYS_URL: jwksUrl,
  } = env
  if (issuer === undefined || text === undefined) return undefined
  return { issuer, bearer: text.split('\n'), ...(jwksUrl === undefined ? {} : { jwksUrl }) }
}

/** Configuration from `AGENT_…`, checked: addresses, credentials, limits; durations in milliseconds. */
export type AgentConfig = ReturnType<typeof readConfig>

/** Reads the configuration. @throws ConfigError naming every problem. */
export function readConfig(env: Environment) {
  return readService(env, 'AGENT_', settingsSchema)
}

/** Reads the settings, with secrets left out, for `--print-config`. @throws ConfigError naming every problem. */
export function printableConfig(env: Environment): Readonly<Record<string, unknown>> {
  return printableEnvironment(env, { prefix: 'AGENT_', schema: settingsSchema })
}
