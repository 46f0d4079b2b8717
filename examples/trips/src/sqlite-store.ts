/**
 * Trips in SQLite.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { linkSchema, reasonSchema } from '@mandate/protocol'
import { z } from 'zod'
import { createIdempotency } from './idempotency.ts'
import { inTransaction, openDatabase } from './sqlite.ts'
import { createForgetting } from './sqlite-forgetting.ts'
import { createOutbox } from './sqlite-outbox.ts'
import type { TripStore } from './store.ts'
import type { Attempt, Item, Workflow } from './trip.ts'

const text = z.string()
const optionalText = text.nullish().transform((value) => value ?? undefined)

const workflowRow = z
  .object({
    id: text,
    template: text,
    owner: text,
    issuer: text,
    owner_persona: optionalText,
    created_at: text,
    version: z.int(),
  })
  .transform(
    ({ owner_persona, created_at, ...row }): Workflow => ({
      ...row,
      ownerPersona: owner_persona,
      createdAt: created_at,
    }),
  )

const attemptSchema = z.object({
  at: text,
  subject: text,
  actor: optionalText,
  decision: z.boolean(),
  reason: text,
  reasons: z.array(reasonSchema),
  chain: z.array(linkSchema),
  evaluationId: optionalText,
  owner: optionalText,
  effect: z.enum(['booked', 'rebooked', 'unchanged', 'none']),
})

const itemRow = z
  .object({
    id: text,
    workflow: text,
    name: text,
    status: z.enum(['planned', 'booked', 'rebooked']),
    amount: z.int(),
    currency: text,
    starts_at: text,
    risk: z.int(),
    version: z.int(),
    booked_version: z.int().nullable(),
    last_attempt: text.nullable(),
  })
  .transform(
    ({ amount, currency, starts_at, booked_version, last_attempt, ...row }): Item => ({
      ...row,
      plannedPrice: { amount, currency },
      startsAt: starts_at,
      bookedVersion: booked_version ?? undefined,
      lastAttempt: last_attempt === null ? undefined : (attemptSchema.parse(JSON.parse(last_attempt)) as Attempt),
    }),
  )

const ITEM = `SELECT item.*, (SELECT outcome FROM attempt WHERE attempt.item = item.id ORDER BY seq DESC LIMIT 1) AS last_attempt
  FROM item JOIN workflow ON workflow.id = item.workflow`

/** @param folder - Where the database lies; `:memory:` for tests. */
export function createSqliteStore(folder: string): TripStore {
  const db = openDatabase(folder)
  return {
    ...pendingTrips(db),
    ...createOutbox(db),
    ...createForgetting(db),
    ...readers(db),
    ...writers(db),
    ...createIdempotency(db),
    transaction: (work) => inTransaction(db, work),
    check: () => void db.prepare('SELECT 1').get(),
    close: () => db.close(),
  }
}

function pendingTrips(db: DatabaseSync): Pick<TripStore, 'addPending'> {
  const addWorkflow = db.prepare(
    'INSERT INTO workflow (id, template, owner, issuer, owner_persona, created_at, version) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const addItem = db.prepare(
    `INSERT INTO item (id, workflow, position, name, status, amount, currency, starts_at, risk, version)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const addMessage = db.prepare("INSERT INTO outbox (workflow, kind, type, id) VALUES (?, 'register', ?, ?)")
  return {
    addPending: ({ workflow, items }) =>
      inTransaction(db, () => {
        const { id, template, owner, issuer, ownerPersona, createdAt } = workflow
        addWorkflow.run(id, template, owner, issuer, ownerPersona ?? null, createdAt, workflow.version)
        addMessage.run(id, 'workflow', id)
        for (const [position, item] of items.entries()) {
          const { amount, currency } = item.plannedPrice
          const { name, status, startsAt, risk, version } = item
          addItem.run(item.id, id, position, name, status, amount, currency, startsAt, risk, version)
          addMessage.run(id, 'workflow_item', item.id)
        }
      }),
  }
}

function readers(db: DatabaseSync): Pick<TripStore, 'trip' | 'item' | 'workflowsById'> {
  const byId = db.prepare('SELECT * FROM workflow WHERE id = ? AND published = 1')
  const itemsOf = db.prepare(`${ITEM} WHERE item.workflow = ? AND workflow.published = 1 ORDER BY item.position`)
  const itemOf = db.prepare(`${ITEM} WHERE item.workflow = ? AND item.id = ? AND workflow.published = 1`)
  const workflowsById = (ids: readonly string[]) =>
    ids
      .map((id) => byId.get(id))
      .filter((row) => row !== undefined)
      .map((row) => workflowRow.parse(row))
  return {
    trip: (id) => {
      const [workflow] = workflowsById([id])
      return workflow ? { workflow, items: z.array(itemRow).parse(itemsOf.all(id)) } : undefined
    },
    item: (workflowId, itemId) => {
      const row = itemOf.get(workflowId, itemId)
      return row === undefined ? undefined : itemRow.parse(row)
    },
    workflowsById,
  }
}

function writers(db: DatabaseSync): Pick<TripStore, 'replaceItem' | 'recordAttempt'> {
  const replace = db.prepare(
    'UPDATE item SET status = ?, starts_at = ?, version = ?, booked_version = ? WHERE id = ? AND version = ?',
  )
  const addAttempt = db.prepare('INSERT INTO attempt (item, at, outcome) VALUES (?, ?, ?)')
  return {
    replaceItem: ({ id, status, startsAt, version, bookedVersion }, expectedVersion) =>
      replace.run(status, startsAt, version, bookedVersion ?? null, id, expectedVersion).changes === 1,
    recordAttempt: (itemId, attempt) => void addAttempt.run(itemId, attempt.at, JSON.stringify(attempt)),
  }
}
