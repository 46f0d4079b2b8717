/**
 * Erases a person's data in SQL (rule E4).
 *
 * @module
 */
import { z } from 'zod'
import type { Database, Queries } from './database.ts'
import { addRemoval } from './sql-outbox.ts'
import type { ErasureRequest, TripStore } from './store.ts'

const idRow = z.object({ id: z.string() })

export function createForgetting(db: Database): Pick<TripStore, 'forget'> {
  return {
    forget: async (person) => {
      await db.transaction(async (within) => {
        await deleteTrips(within, person)
        await deleteReferences(within, person)
      })
      await db.scrub()
    },
  }
}

/** Deletes the person's trips. Each DELETE repeats the condition, so that a trip transferred meanwhile stays. */
async function deleteTrips(within: Queries, { owner, issuer, before }: ErasureRequest): Promise<void> {
  const theirs = 'owner = $1 AND issuer = $2 AND created_at <= $3 AND published = 1'
  const trips = await within.rows(`SELECT id FROM workflow WHERE ${theirs}`, owner, issuer, before)
  for (const { id } of z.array(idRow).parse(trips)) {
    const items = z.array(idRow).parse(await within.rows('SELECT id FROM item WHERE workflow = $1', id))
    const dropped = await within.change(`DELETE FROM workflow WHERE ${theirs} AND id = $4`, owner, issuer, before, id)
    if (dropped === 0) continue
    for (const item of items) await addRemoval(within, id, { type: 'workflow_item', id: item.id })
    await addRemoval(within, id, { type: 'workflow', id })
  }
}

/** SQL condition: `text` contains the reference. References are complete JSON strings, so that no sub matches as the prefix of another. */
const contains = (text: string, reference: string) => `replace(${text}, ${reference}, '') <> ${text}`

/** Deletes attempts, pending transfers and stored responses that name the person, as subject, owner, new owner or in a chain. */
async function deleteReferences(within: Queries, { owner, before }: ErasureRequest): Promise<void> {
  const reference = JSON.stringify(owner)
  await within.change(`DELETE FROM attempt WHERE ${contains('outcome', '$1')} AND at <= $2`, reference, before)
  await within.change("DELETE FROM outbox WHERE kind = 'transfer' AND owner = $1", owner)
  const asActor = `${owner} `
  await within.change(
    `DELETE FROM idempotency WHERE created_at <= $1
     AND (caller = $2 OR substr(caller, 1, $3) = $4 OR ${contains('body', '$5')})`,
    ...[Date.parse(before), owner, asActor.length, asActor, reference],
  )
}
