/**
 * One signed-in account: session and encrypted store. Created at sign-in; after `end` only the encrypted files remain.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Host } from './host.ts'
import type { Session } from './session.ts'
import { memoryStore, type Store, sealedStore } from './store.ts'

export interface Account {
  /** `user:<sub>`. */
  readonly party: string
  readonly session: Session
  /** Encrypted files of this account only. */
  readonly store: Store
  readonly keptIn: 'keystore' | 'memory'
  /** Aborted at sign-out, and when the app closes. */
  readonly end: AbortSignal
}

/** The store of an account. @param keptIn - `memory`: nothing is written to disk. */
export function storeOf(host: Host, keptIn: Account['keptIn'], issuer: string, subject: string): Store {
  if (keptIn === 'memory' || !host.keystore) return memoryStore()
  const owner = `${issuer} ${subject}`
  // Hashed: the folder's name must not tell who signed in here.
  const folder = createHash('sha256').update(owner).digest('hex').slice(0, 32)
  return sealedStore(join(host.dataDir, 'accounts', folder), host.keystore, owner)
}
