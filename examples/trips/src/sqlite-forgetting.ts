/**
 * Forgetting a person in SQLite (rule E4): overwritten in the file and in the write-ahead log, not only unlinked.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { inTransaction } from './sqlite.ts'
import type { TripStore } from './store.ts'

export function createForgetting(db: DatabaseSync): Pick<TripStore, 'forget'> {
  const theirs =
    'SELECT id FROM workflow WHERE owner = :owner AND issuer = :issuer AND created_at <= :before AND published = 1'
  const removeItems = db.prepare(
    `INSERT INTO outbox (workflow, kind, type, id)
     SELECT workflow, 'unregister', 'workflow_item', id FROM item WHERE workflow IN (${theirs})`,
  )
  const removeTrips = db.prepare(
    `INSERT INTO outbox (workflow, kind, type, id)
     SELECT id, 'unregister', 'workflow', id FROM workflow WHERE id IN (${theirs})`,
  )
  const dropTrips = db.prepare(`DELETE FROM workflow WHERE id IN (${theirs})`)
  // As subject, owner or link of a chain: a reference is a whole JSON string, so that one sub is never the beginning of another.
  const dropAttempts = db.prepare(
    `DELETE FROM attempt WHERE instr(outcome, '"' || :owner || '"') > 0 AND at <= :before`,
  )
  const dropTransfers = db.prepare("DELETE FROM outbox WHERE kind = 'transfer' AND owner = :owner")
  const dropAnswers = db.prepare(
    `DELETE FROM idempotency WHERE (caller = :owner OR instr(caller, :owner || ' ') = 1 OR instr(body, '"' || :owner || '"') > 0)
     AND created_at <= :at`,
  )
  return {
    forget: ({ owner, issuer, before }) => {
      inTransaction(db, () => {
        const trips = { owner, issuer, before }
        for (const statement of [removeItems, removeTrips, dropTrips]) statement.run(trips)
        dropAttempts.run({ owner, before })
        dropTransfers.run({ owner })
        dropAnswers.run({ owner, at: Date.parse(before) })
      })
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
  }
}
