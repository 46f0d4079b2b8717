/**
 * Ends of grants, in one statement each: a revocation does not wait for the transactions of other PDPs, of which one may be suspended. They are right
 * whatever runs beside them: they only end a grant, and the lock of the grant keeps everything else away that reads it to change it.
 *
 * @module
 */
import { LeaseHeld } from '../ports/leases.ts'
import type { Grants } from '../ports/register.ts'
import type { StoreLeases } from './leases.ts'
import type { Database } from './sql.ts'

/** Parameters 1 to 5: when, by whom, why, replaced by, id. */
export const END = `UPDATE grants SET revoked_at = $1, revoked_by = $2, revoke_reason = $3, replaced_by = $4, ending = NULL
  WHERE id = $5 AND revoked_at IS NULL`

/** Methods of the register for a database that several PDPs use. */
export function createGrantEnds(
  database: Pick<Database, 'changeAlone'>,
  leases: StoreLeases,
): Pick<Grants, 'proposeEnd' | 'endGrant'> {
  return {
    proposeEnd: async (id, end) => {
      const taking = leases.taking('end', id, 3)
      const taken = await database.changeAlone(
        // allowed: sql: the text of a lease's statement is a constant of its class.
        `WITH taken AS (${taking.sql} RETURNING 1), proposed AS (
           UPDATE grants SET ending = $1 WHERE id = $2 AND revoked_at IS NULL AND EXISTS (SELECT FROM taken))
         SELECT FROM taken`,
        ...[JSON.stringify(end), id, ...taking.values],
      )
      if (taken === 0) throw new LeaseHeld('end', id)
    },
    endGrant: async (id, { by, at, reason }) => {
      const dropping = leases.dropping('end', id, 6)
      const dropped = await database.changeAlone(
        // allowed: sql: the text of a lease's statement is a constant of its class.
        `WITH dropped AS (${dropping.sql} RETURNING 1), ended AS (${END} AND EXISTS (SELECT FROM dropped))
         SELECT FROM dropped`,
        ...[at, by, reason, null, id, ...dropping.values],
      )
      if (dropped === 0) throw new LeaseHeld('end', id)
    },
  }
}
