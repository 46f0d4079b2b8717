/**
 * SQL store of idempotency keys: claims of requests in progress, and responses of completed ones.
 *
 * @module
 */
import { z } from 'zod'
import type { Database, Queries } from './database.ts'
import type { Claim, ClaimedKey, StoredResponse, TripStore } from './store.ts'

/** Retention of a stored response, in milliseconds: one day. */
const RETENTION_MS = 86_400_000

const rowSchema = z.object({ fingerprint: z.string(), status: z.int().nullable(), body: z.string().nullable() })
const OPEN_CLAIM = 'caller = $1 AND key = $2 AND created_at = $3 AND status IS NULL'

export function createIdempotency(db: Database): Pick<TripStore, 'claim' | 'release'> {
  return {
    // Takes over an abandoned claim. Whether its work was done is unknown; the work itself must be idempotent.
    claim: async ({ caller, key, fingerprint, at }, abandonedBefore) => {
      await db.change('DELETE FROM idempotency WHERE created_at < $1', at - RETENTION_MS)
      const claimed = await db.change(
        `INSERT INTO idempotency (caller, key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (caller, key) DO UPDATE SET fingerprint = excluded.fingerprint, created_at = excluded.created_at
         WHERE idempotency.status IS NULL AND idempotency.created_at < $5`,
        ...[caller, key, fingerprint, at, abandonedBefore],
      )
      if (claimed === 1) return { kind: 'claimed', key: { caller, key, at } }
      const found = await db.rows(
        'SELECT fingerprint, status, body FROM idempotency WHERE caller = $1 AND key = $2',
        caller,
        key,
      )
      return claimOf(found[0], fingerprint)
    },
    release: async ({ caller, key, at }) => {
      await db.change(`DELETE FROM idempotency WHERE ${OPEN_CLAIM}`, caller, key, at)
    },
  }
}

/** Maps the row that blocked a claim. No row means that it was released in between; the client may retry. */
function claimOf(found: unknown, fingerprint: string): Claim {
  if (found === undefined) return { kind: 'busy' }
  const { fingerprint: kept, status, body } = rowSchema.parse(found)
  if (kept !== fingerprint) return { kind: 'different' }
  if (status === null || body === null) return { kind: 'busy' }
  return { kind: 'completed', response: { status, body: JSON.parse(body) } }
}

/** Implements `settle` of {@link TripWork}. */
export async function settleIn(
  within: Queries,
  { caller, key, at }: ClaimedKey,
  { status, body }: StoredResponse,
): Promise<boolean> {
  const sql = `UPDATE idempotency SET status = $4, body = $5 WHERE ${OPEN_CLAIM}`
  return (await within.change(sql, caller, key, at, status, JSON.stringify(body))) === 1
}
