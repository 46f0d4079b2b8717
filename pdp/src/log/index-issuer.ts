/**
 * Ties an index on PostgreSQL to one issuer. A query reads the entries of all logs in the index, so PDPs of two tenants must not share one.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { ClientBase } from 'pg'
import type { ConfiguredIssuer } from '../ports/configured-issuer.ts'

/**
 * Notes the issuer in an index that has none yet. Call it within the transaction that migrates, whose lock keeps others out. The table is in no numbered
 * migration: the release before, which does not know it, must open the index too.
 *
 * @throws Fault `index_unavailable` for an index of another issuer.
 */
export async function requireIndexIssuer(client: ClientBase, { issuer, former }: ConfiguredIssuer): Promise<void> {
  await client.query(
    'CREATE TABLE IF NOT EXISTS mandate_index.issuer (one integer PRIMARY KEY CHECK (one = 1), issuer text NOT NULL)',
  )
  await client.query(
    `INSERT INTO mandate_index.issuer VALUES (1, $1)
     ON CONFLICT (one) DO UPDATE SET issuer = excluded.issuer WHERE issuer.issuer = $2`,
    [issuer, former ?? issuer],
  )
  const { rows } = await client.query<{ issuer: string }>('SELECT issuer FROM mandate_index.issuer')
  const known = rows[0]?.issuer
  if (known !== issuer)
    throw new Fault(
      'index_unavailable',
      `PDP_INDEX_URL: the index belongs to the issuer ${known}: each tenant has an index of its own`,
    )
}
