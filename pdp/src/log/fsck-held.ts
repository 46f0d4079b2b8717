/**
 * Opens an index for reading by `fsck`, on SQLite or PostgreSQL.
 *
 * @module
 */
import type { HeldIndex } from './fsck-chunk.ts'
import { isPostgres } from './index-place.ts'
import { IndexStore } from './index-store.ts'
import { PostgresIndexStore } from './postgres-store.ts'

export function openHeld(place: string, origin: string): HeldIndex & { readonly close: () => void | Promise<void> } {
  return isPostgres(place) ? new PostgresIndexStore(place, origin) : new IndexStore(place, origin, false)
}
