/**
 * The outbox in SQLite: what the PDP is to be told is kept in the transaction of the change that it comes from.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { inTransaction } from './sqlite.ts'
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

export type OutboxStore = Pick<
  TripStore,
  'publish' | 'takeBack' | 'pending' | 'proposeTransfer' | 'settleTransfer' | 'outbox' | 'dropMessage'
>

export function createOutbox(db: DatabaseSync): OutboxStore {
  const drop = db.prepare('DELETE FROM outbox WHERE seq = ?')
  // Registrations are for whoever creates the trip to deliver: seen here, they belong to one under way.
  const all = db.prepare("SELECT * FROM outbox WHERE kind <> 'register' ORDER BY seq")
  return {
    ...creation(db),
    ...transfers(db),
    outbox: () => z.array(messageRow).parse(all.all()),
    dropMessage: (seq) => void drop.run(seq),
  }
}

function creation(db: DatabaseSync): Pick<OutboxStore, 'publish' | 'takeBack' | 'pending'> {
  const publish = db.prepare('UPDATE workflow SET published = 1 WHERE id = ?')
  const registered = db.prepare("DELETE FROM outbox WHERE workflow = ? AND kind = 'register'")
  const registrations = db.prepare(
    "SELECT type, id FROM outbox WHERE workflow = ? AND kind = 'register' ORDER BY seq DESC",
  )
  const addRemoval = db.prepare("INSERT INTO outbox (workflow, kind, type, id) VALUES (?, 'unregister', ?, ?)")
  const remove = db.prepare('DELETE FROM workflow WHERE id = ? AND published = 0')
  const pending = db.prepare('SELECT id FROM workflow WHERE published = 0')
  return {
    publish: (id) => {
      publish.run(id)
      registered.run(id)
    },
    // The last first: the PDP may refuse to forget what something still hangs on.
    takeBack: (id) =>
      inTransaction(db, () => {
        for (const { type, id: resource } of registrations.all(id)) addRemoval.run(id, type ?? null, resource ?? null)
        registered.run(id)
        remove.run(id)
      }),
    pending: () => pending.all().map(({ id }) => String(id)),
  }
}

function transfers(db: DatabaseSync): Pick<OutboxStore, 'proposeTransfer' | 'settleTransfer'> {
  const propose = db.prepare(
    `INSERT INTO outbox (workflow, kind, type, id, owner, owner_persona)
     SELECT id, 'transfer', 'workflow', id, ?, ? FROM workflow WHERE id = ? AND version = ? AND published = 1
     ON CONFLICT DO NOTHING RETURNING *`,
  )
  const hold = db.prepare('UPDATE workflow SET owner = ?, owner_persona = ?, version = version + 1 WHERE id = ?')
  const drop = db.prepare('DELETE FROM outbox WHERE seq = ?')
  return {
    proposeTransfer: (id, { owner, ownerPersona }, expectedVersion) => {
      const proposed = propose.get(owner, ownerPersona ?? null, id, expectedVersion)
      return proposed && messageRow.parse(proposed)
    },
    settleTransfer: ({ seq, workflow, to }) =>
      inTransaction(db, () => {
        if (drop.run(seq).changes === 1) hold.run(to.owner, to.ownerPersona ?? null, workflow)
      }),
  }
}
