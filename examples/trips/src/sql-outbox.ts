/**
 * Transactional outbox in SQL: a message to the PDP is stored in the transaction of the change that causes it.
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
  'removePending' | 'pending' | 'proposeTransfer' | 'settleTransfer' | 'outbox' | 'dropMessage'
>

export function createOutbox(db: Database): OutboxStore {
  return {
    ...transfers(db),
    removePending: (id) => db.transaction((within) => removePending(within, id)),
    pending: async (before) => {
      const rows = await db.rows('SELECT id FROM workflow WHERE published = 0 AND created_at < $1', before)
      return rows.map((pending) => idRow.parse(pending).id)
    },
    // Registrations are excluded: the request that creates the trip delivers them.
    outbox: async () =>
      z.array(messageRow).parse(await db.rows("SELECT * FROM outbox WHERE kind <> 'register' ORDER BY seq")),
    dropMessage: async (seq) => void (await drop(db, seq)),
  }
}

/** Implements `publish` of {@link TripWork}. Publishing and removing a pending trip both update its row under `published = 0`, so only one succeeds. */
export async function publishIn(within: Queries, id: string): Promise<boolean> {
  if ((await within.change('UPDATE workflow SET published = 1 WHERE id = $1 AND published = 0', id)) === 0) return false
  await deleteRegistrations(within, id)
  return true
}

async function removePending(within: Queries, id: string): Promise<void> {
  if ((await within.change('DELETE FROM workflow WHERE id = $1 AND published = 0', id)) === 0) return
  // In reverse order, items before their trip: the PDP may refuse to unregister a parent that still has children.
  const registrations = await within.rows(
    "SELECT type, id FROM outbox WHERE workflow = $1 AND kind = 'register' ORDER BY seq DESC",
    id,
  )
  for (const registration of registrations) await addRemoval(within, id, resourceRow.parse(registration))
  await deleteRegistrations(within, id)
}

async function deleteRegistrations(within: Queries, id: string): Promise<void> {
  await within.change("DELETE FROM outbox WHERE workflow = $1 AND kind = 'register'", id)
}

/** Adds a message that unregisters a resource of a trip. */
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
