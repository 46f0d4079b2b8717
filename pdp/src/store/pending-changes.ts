/**
 * What is pending when a reader of an invalidation log starts: changes of tuples without an outcome, and changes of facts that are not finished.
 *
 * @module
 */
import type { LogStart } from '../ports/invalidations.ts'
import { type Row, text } from './sql.ts'

/** A change of facts in the invalidation log, beside the changes of its single Writes. */
export const factChangeName = (id: string): string => `facts:${id}`

/** Rows of the changes that are pending, as the start of an invalidation log names them; see {@link pendingOf}. */
export const PENDING_CHANGES = `SELECT id, keys FROM changes WHERE decided = 0
  UNION ALL SELECT '${factChangeName('')}' || id, body FROM fact_changes`

export function pendingOf({ id, keys }: Row): LogStart['pending'][number] {
  const change = text(id)
  const stored = JSON.parse(text(keys))
  // An older version stored no keys with a change of facts.
  return { change, keys: change.startsWith(factChangeName('')) ? (stored.plan.keys ?? []) : stored }
}
