/**
 * Trips' configuration: environment variables, parsed once and whole.
 *
 * @module
 */
import { productionObjection, readEnvironment, setting } from '@mandate/pep/service'
import { z } from 'zod'

const settingsSchema = z
  .strictObject({
    TRIPS_HOST: setting.host,
    TRIPS_PORT: setting.port(4002),
    TRIPS_ISSUER: setting.url,
    TRIPS_IDENTITY_URL: setting.url.optional(),
    TRIPS_AUDIENCE: z.string().min(1).default('trips'),
    TRIPS_CLIENT_ID: z.string().min(1).default('trips'),
    TRIPS_CLIENT_SECRET: setting.secret,
    TRIPS_PDP_URL: setting.url,
    TRIPS_DATA_DIR: z.string().min(1),
    TRIPS_INTERACTIVE_CLIENTS: setting.list(['desktop']),
    TRIPS_TRUST_PROXY: z.string().min(1).optional(),
    LOG_LEVEL: setting.logLevel,
    NODE_ENV: setting.nodeEnv,
  })
  .superRefine((env, context) => {
    const objection = productionObjection({
      nodeEnv: env.NODE_ENV,
      host: env.TRIPS_HOST,
      trustProxy: env.TRIPS_TRUST_PROXY,
      secret: env.TRIPS_CLIENT_SECRET,
    })
    if (objection) context.addIssue({ code: 'custom', message: objection })
  })
  .transform((env) => ({
    host: env.TRIPS_HOST,
    port: env.TRIPS_PORT,
    issuer: env.TRIPS_ISSUER,
    identityUrl: env.TRIPS_IDENTITY_URL,
    audience: env.TRIPS_AUDIENCE,
    clientId: env.TRIPS_CLIENT_ID,
    clientSecret: env.TRIPS_CLIENT_SECRET,
    pdpUrl: env.TRIPS_PDP_URL,
    dataDir: env.TRIPS_DATA_DIR,
    interactiveClients: env.TRIPS_INTERACTIVE_CLIENTS,
    trustProxy: env.TRIPS_TRUST_PROXY,
    logLevel: env.LOG_LEVEL,
  }))
export type TripsConfig = z.output<typeof settingsSchema>

/** @throws ConfigError naming every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): TripsConfig {
  return readEnvironment(env, { prefix: 'TRIPS_', shared: ['LOG_LEVEL', 'NODE_ENV'], schema: settingsSchema })
}
