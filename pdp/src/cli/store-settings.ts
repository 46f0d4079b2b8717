/**
 * Settings of `npm run store`, from environment variables: a subset of the PDP's.
 *
 * @module
 */
import { type Environment, readEnvironment, secret, setting } from '@mandate/service'
import { z } from 'zod'

const schema = z.strictObject({
  PDP_STORE_URL: setting.postgresUrl,
  PDP_VAULT_KEY: secret(z.string()).optional(),
  PDP_VAULT_KEY_COMMAND: z
    .string()
    .transform((text) => text.split(' ').filter((word) => word !== ''))
    .default([]),
  PDP_VAULT_OLD_KEYS: secret(setting.list([])),
})

export type StoreSettings = z.output<typeof schema>

/** @throws ConfigError naming every problem. */
export const readStoreSettings = (environment: Environment): StoreSettings =>
  readEnvironment(environment, { prefix: [], schema })
