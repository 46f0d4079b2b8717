/**
 * Settings of `npm run store`, from environment variables: a subset of the PDP's.
 *
 * @module
 */
import { type Environment, readEnvironment, secret, setting } from '@mandate/service'
import { z } from 'zod'
import { storeNameSchema } from '../runtime/store-name.ts'

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

const importSchema = z.strictObject({
  PDP_DATA_DIR: z.string().min(1).optional(),
  OPENFGA_API_TOKEN: secret(z.string()).optional(),
  OPENFGA_STORE: storeNameSchema.default('mandate'),
  PDP_TLS_CA_FILE: z.string().optional(),
  PDP_TLS_CERT_FILE: z.string().optional(),
  PDP_TLS_KEY_FILE: z.string().optional(),
})

/** Settings of `to-openfga`. */
export type ImportSettings = z.output<typeof importSchema>

/** @throws ConfigError naming every problem. */
export const readImportSettings = (environment: Environment): ImportSettings =>
  readEnvironment(environment, { prefix: [], schema: importSchema })

/** @throws ConfigError naming every problem. */
export const readStoreSettings = (environment: Environment): StoreSettings =>
  readEnvironment(environment, { prefix: [], schema })
