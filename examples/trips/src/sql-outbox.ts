/**
 * The outbox in SQL: what the PDP is to be told is kept in the transaction of the change that it comes from.
 *
 * @module
 */
import { z } from 'zod'
import type { Database, Queries } from './database.ts'
import type { Message, TripStore } from './store.ts'

const row = { seq: z.int(), workflow: z.string(), type: z.string(), id: z.string() }
const messageRow = z
  .discriminatedUnion('kind', [
    z.object({ ...row, kind: z.literal('unregister') }),
    z.object({ ...row, kind: z.literal('transfer'), owner: z.string(), owner_persona: z.string().nullable() }),
  ])
  .transform((message): Message => {
    const { seq, workflow, type, id } = message
    if (message.kind === 'unregister') return { seq, kind: 'unregister', type, id }
    const to = { owner: message.owner, ownerPersona: message.owner_persona ?? undefined }
    return { seq, kind: 'transfer', workflow, to }
  })
const resourceRow = z.object({ type: z.string(), id: z.string() })
const idRow = z.object({ id: z.string() })

export type OutboxStore = Pick<
  TripStore,
  'takeBack' | 'pending' | 'proposeTransfer' | 'settleTransfer' | 'outbox' | 'dropMessage'
>

export function createOutbox(db: Database): OutboxStore {
  return {
    ...transfers(db),
    takeBack: (id) => db.transaction((within) => takeBack(within, id)),
    pending: async (before) => {
      const rows = await db.rows('SELECT id FROM workflow WHERE published = 0 AND created_at < $1', before)
      return rows.map((pending) => idRow.parse(pending).id)
    },
    // Registrations are for whoever creates the trip to deliver: seen here, they belong to one under way.
    outbox: async () =>
      z.array(messageRow).parse(await db.rows("SELECT * FROM outbox WHERE kind <> 'register' ORDER BY seq")),
    dropMessage: async (seq) => void (await drop(db, seq)),
  }
}

/** See {@link TripWork}. Whoever publishes a trip and whoever takes it back meet at its row: the first one wins. */
export async function publishIn(within: Queries, id: string): Promise<boolean> {
  if ((await within.change('UPDATE workflow SET published = 1 WHERE id = $1 AND published = 0', id)) === 0) return false
  await forgetRegistrations(within, id)
  return true
}

async function takeBack(within: Queries, id: string): Promise<void> {
  if ((await within.change('DELETE FROM workflow WHERE id = $1 AND published = 0', id)) === 0) return
  // The last first: the PDP may refuse to forget what something still hangs on.
  const registrations = await within.rows(
    "SELECT type, id FROM outbox WHERE workflow = $1 AND kind = 'register' ORDER BY seq DESC",
    id,
  )
  for (const registration of registrations) await addRemoval(within, id, resourceRow.parse(registration))
  await forgetRegistrations(within, id)
}

async function forgetRegistrations(within: Queries, id: string): Promise<void> {
  await within.change("DELETE FROM outbox WHERE workflow = $1 AND kind = 'register'", id)
}

/** The PDP is to be told that a resource of a trip is no more. */
export async function addRemoval(
  within: Queries,
  workflow: string,
  { type, id }: z.output<typeof resourceRow>,
): Promise<void> {
  await within.change(
    "INSERT INTO outbox (workflow, kind, type, id) VALUES ($1, 'unregister', $2, $3)",
    workflow,
    type,
    id,
  )
}

function transfers(db: Database): Pick<OutboxStore, 'proposeTransfer' | 'settleTransfer'> {
  return {
    proposeTransfer: async (id, { owner, ownerPersona }, expectedVersion) => {
      const [proposed] = await db.rows(
        `INSERT INTO outbox (workflow, kind, type, id, owner, owner_persona)
         SELECT id, 'transfer', 'workflow', id, $1, $2 FROM workflow WHERE id = $3 AND version = $4 AND published = 1
         ON CONFLICT DO NOTHING RETURNING *`,
        ...[owner, ownerPersona ?? null, id, expectedVersion],
      )
      return proposed === undefined ? undefined : messageRow.parse(proposed)
    },
    settleTransfer: ({ seq, workflow, to }) =>
      db.transaction(async (within) => {
        if ((await drop(within, seq)) === 0) return
        await within.change(
          'UPDATE workflow SET owner = $1, owner_persona = $2, version = version + 1 WHERE id = $3',
          ...[to.owner, to.ownerPersona ?? null, workflow],
        )
      }),
  }
}

function drop(queries: Queries, seq: number): Promise<number> {
  return queries.change('DELETE FROM outbox WHERE seq = $1', seq)
}
