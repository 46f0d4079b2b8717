/**
 * Secrets and certificates that a running PDP takes from their files again: TLS, OpenFGA's key, the keys of signed metadata and of events, users and
 * passwords of its databases.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { type ClientTls, ConfigError, type DrainableListener, prepareTls, type Reload } from '@mandate/service'
import { type Config, FILES_READ_LATER } from './config.ts'
import { listenerOptionsOf } from './http/listener.ts'
import type { OpenHttp } from './http/open.ts'
import { requireKey } from './openfga/require-key.ts'
import { readClientTls } from './runtime/client-tls.ts'
import { type SigningKeys, signingKeysOf } from './runtime/signing-key.ts'
import { databasePlace, withMaintenanceClient } from './store/postgres-session.ts'

/** Settings that change in the PDP's own copy of its configuration; their users read them for each connection or request. */
const RELOADED = ['OPENFGA_API_TOKEN', 'PDP_STORE_URL', 'PDP_INDEX_URL'] as const satisfies readonly (keyof Config)[]

const FILES = [...RELOADED.map((name) => `${name}_FILE`), ...FILES_READ_LATER]
const FILES_AT_START = [
  'PDP_VAULT_KEY_FILE',
  'PDP_VAULT_OLD_KEYS_FILE',
  'PDP_SIGNALS_FILE',
  'PDP_SIGNAL_RECEIVERS_FILE',
]

export interface ReloadDeps {
  /** The PDP's own copy, which changes. */
  readonly config: Config
  readonly clientTls: ClientTls | undefined
  readonly http: Pick<OpenHttp, 'metadataKeys' | 'signalKeys'>
  readonly listeners: readonly Pick<DrainableListener, 'replaceTls'>[]
  /** Called with the index' URL after it was replaced. */
  readonly replaceIndexUrl: (url: string) => void
}

export function createReload({ config, clientTls, http, listeners, replaceIndexUrl }: ReloadDeps): Reload<Config> {
  return {
    files: FILES,
    filesAtStart: FILES_AT_START,
    prepare: async (next) => {
      const nextTls = { tls: listenerOptionsOf(next).tls, clientTls: readClientTls(next) }
      const applyTls = prepareTls({ tls: nextTls.tls, clientTls }, nextTls, listeners, 'PDP_')
      if (isReplaced('OPENFGA_API_TOKEN', config, next)) await requireKey(next, nextTls.clientTls)
      const applyKeys = [
        prepareKeys(http.metadataKeys, next.PDP_METADATA_KEY_FILE),
        prepareKeys(http.signalKeys, next.PDP_SIGNAL_KEY_FILE),
      ]
      await requireDatabase('PDP_STORE_URL', config, next)
      await requireDatabase('PDP_INDEX_URL', config, next)
      return () => {
        applyTls()
        for (const apply of applyKeys) apply()
        for (const name of RELOADED) Object.assign(config, { [name]: next[name] })
        if (next.PDP_INDEX_URL !== undefined) replaceIndexUrl(next.PDP_INDEX_URL)
      }
    },
  }
}

/** Reads keys again. @returns Puts them into force. @throws TypeError when they cannot be used. */
function prepareKeys(keys: SigningKeys | undefined, file: string | undefined): () => void {
  if (keys === undefined || file === undefined) return () => undefined
  const next = signingKeysOf(readFileSync(file, 'utf8'))
  return () => keys.replace(next)
}

const isReplaced = (name: (typeof RELOADED)[number], present: Config, next: Config): boolean =>
  present[name] !== next[name]

/** @throws ConfigError for another server or database, or where the server refuses the user. */
async function requireDatabase(name: 'PDP_STORE_URL' | 'PDP_INDEX_URL', present: Config, next: Config): Promise<void> {
  const [from, to] = [present[name], next[name]]
  if (!isReplaced(name, present, next)) return
  if (from === undefined || to === undefined || databasePlace(from) !== databasePlace(to))
    throw new ConfigError([`${name}: only user and password can change without a restart`])
  await withMaintenanceClient(to, (client) => client.query('SELECT 1')).catch((error: unknown) => {
    throw new ConfigError([`${name}: ${error instanceof Error ? error.message : 'no connection'}`])
  })
}
