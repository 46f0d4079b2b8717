/**
 * `Idempotency-Key`: the same request, sent again, is answered again and not done again.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { TripStore } from './store.ts'

/** How long an answer is kept, in milliseconds: a day. */
const KEPT_MS = 86_400_000

const rowSchema = z.object({ fingerprint: z.string(), status: z.int().nullable(), body: z.string().nullable() })

/** Claims that a crash left open are forgotten: whether their work was done, the next try finds out. */
export function createIdempotency(db: DatabaseSync): Pick<TripStore, 'claim' | 'settle' | 'release'> {
  db.exec('DELETE FROM idempotency WHERE status IS NULL')
  const insert = db.prepare(
    'INSERT INTO idempotency (caller, key, fingerprint, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const find = db.prepare('SELECT fingerprint, status, body FROM idempotency WHERE caller = ? AND key = ?')
  const settle = db.prepare('UPDATE idempotency SET status = ?, body = ? WHERE caller = ? AND key = ?')
  const release = db.prepare('DELETE FROM idempotency WHERE caller = ? AND key = ? AND status IS NULL')
  const sweep = db.prepare('DELETE FROM idempotency WHERE created_at < ?')
  return {
    claim: (caller, key, fingerprint) => {
      const now = Date.now()
      sweep.run(now - KEPT_MS)
      if (insert.run(caller, key, fingerprint, now).changes === 1) return { kind: 'claimed' }
      const row = rowSchema.parse(find.get(caller, key))
      if (row.fingerprint !== fingerprint) return { kind: 'different' }
      if (row.status === null || row.body === null) return { kind: 'busy' }
      return { kind: 'answered', answer: { status: row.status, body: JSON.parse(row.body) } }
    },
    settle: (caller, key, { status, body }) => void settle.run(status, JSON.stringify(body), caller, key),
    release: (caller, key) => void release.run(caller, key),
  }
}
