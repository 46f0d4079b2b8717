/**
 * The embedded issuer's configuration, from `ISSUER_…`, `LOG_LEVEL` and `NODE_ENV`.
 *
 * @module
 */
import { type Environment, printableEnvironment, readEnvironment, setting } from '@mandate/service'
import { z } from 'zod'

const settingsSchema = z
  .strictObject({
    ISSUER_HOST: setting.host,
    ISSUER_PORT: setting.port(8080),
    ISSUER_DATA_DIR: z.string().min(1),
    LOG_LEVEL: setting.logLevel,
    NODE_ENV: setting.nodeEnv,
  })
  .superRefine(({ NODE_ENV, ISSUER_PORT }, context) => {
    if (NODE_ENV === 'production') {
      const message = 'the embedded issuer is for demos and tests: in production use Keycloak with keycloak/realm.json'
      context.addIssue({ code: 'custom', path: ['NODE_ENV'], message })
    }
    if (ISSUER_PORT === 0) {
      const message = 'must not be 0: the port is part of the issuer, and so of every stored identity'
      context.addIssue({ code: 'custom', path: ['ISSUER_PORT'], message })
    }
  })
  .transform((env) => ({
    host: env.ISSUER_HOST,
    port: env.ISSUER_PORT,
    dataDir: env.ISSUER_DATA_DIR,
    logLevel: env.LOG_LEVEL,
  }))

export type IssuerConfig = z.output<typeof settingsSchema>

const RULES = { prefix: 'ISSUER_', schema: settingsSchema }

/** @throws ConfigError naming every problem; in production always. */
export function readConfig(env: Environment): IssuerConfig {
  return readEnvironment(env, RULES)
}

/** For `--print-config`. @throws ConfigError as {@link readConfig}. */
export function printableConfig(env: Environment): Readonly<Record<string, unknown>> {
  return printableEnvironment(env, RULES)
}
