/**
 * One signed-in person, and everything of theirs here: made at sign-in, ended whole. Nothing of it outlives `end` but what is sealed on disk.
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
  /** Of this person alone. */
  readonly store: Store
  readonly keptIn: 'keystore' | 'memory'
  /** Aborted when the person is signed out, or the app closes. */
  readonly end: AbortSignal
}

/** @param keptIn - `memory`: nothing is written down. */
export function storeOf(host: Host, keptIn: Account['keptIn'], issuer: string, subject: string): Store {
  if (keptIn === 'memory' || !host.keystore) return memoryStore()
  const owner = `${issuer} ${subject}`
  // Who was signed in here is not to be read from a folder's name.
  const folder = createHash('sha256').update(owner).digest('hex').slice(0, 32)
  return sealedStore(join(host.dataDir, 'accounts', folder), host.keystore, owner)
}
