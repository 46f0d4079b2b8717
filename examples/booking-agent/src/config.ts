/**
 * The agent's configuration: environment variables, parsed once and whole.
 *
 * @module
 */
import { productionObjection, readEnvironment, setting } from '@mandate/pep/service'
import { z } from 'zod'

const settingsSchema = z
  .strictObject({
    AGENT_HOST: setting.host,
    AGENT_PORT: setting.port(4003),
    AGENT_ISSUER: setting.url,
    AGENT_IDENTITY_URL: setting.url.optional(),
    AGENT_AUDIENCE: z.string().min(1).default('booking-agent'),
    AGENT_CLIENT_ID: z.string().min(1).default('booking-agent'),
    AGENT_CLIENT_SECRET: setting.secret,
    AGENT_TRIPS_URL: setting.url,
    AGENT_PDP_URL: setting.url,
    AGENT_DATA_DIR: z.string().min(1),
    AGENT_INTERACTIVE_CLIENTS: setting.list(['desktop']),
    AGENT_TRUST_PROXY: z.string().min(1).optional(),
    LOG_LEVEL: setting.logLevel,
    NODE_ENV: setting.nodeEnv,
  })
  .superRefine((env, context) => {
    const objection = productionObjection({
      nodeEnv: env.NODE_ENV,
      host: env.AGENT_HOST,
      trustProxy: env.AGENT_TRUST_PROXY,
      secret: env.AGENT_CLIENT_SECRET,
    })
    if (objection) context.addIssue({ code: 'custom', message: objection })
  })
  .transform((env) => ({
    host: env.AGENT_HOST,
    port: env.AGENT_PORT,
    issuer: env.AGENT_ISSUER,
    identityUrl: env.AGENT_IDENTITY_URL,
    audience: env.AGENT_AUDIENCE,
    clientId: env.AGENT_CLIENT_ID,
    clientSecret: env.AGENT_CLIENT_SECRET,
    tripsUrl: env.AGENT_TRIPS_URL,
    pdpUrl: env.AGENT_PDP_URL,
    dataDir: env.AGENT_DATA_DIR,
    interactiveClients: env.AGENT_INTERACTIVE_CLIENTS,
    trustProxy: env.AGENT_TRUST_PROXY,
    logLevel: env.LOG_LEVEL,
  }))
export type AgentConfig = z.output<typeof settingsSchema>

/** @throws ConfigError naming every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): AgentConfig {
  return readEnvironment(env, { prefix: 'AGENT_', shared: ['LOG_LEVEL', 'NODE_ENV'], schema: settingsSchema })
}
