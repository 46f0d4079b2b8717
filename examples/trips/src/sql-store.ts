/**
 * Trip store in SQL, on SQLite or PostgreSQL.
 *
 * @module
 */
import { decisionCodeSchema, linkSchema, reasonSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { Database, Queries } from './database.ts'
import { createForgetting } from './sql-forgetting.ts'
import { createIdempotency, settleIn } from './sql-idempotency.ts'
import { createOutbox, publishIn } from './sql-outbox.ts'
import type { TripAndItems, TripStore, TripWork } from './store.ts'
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
  reason: decisionCodeSchema,
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

export function createSqlStore(db: Database): TripStore {
  const { publish: _publish, settle: _settle, ...alone } = workIn(db)
  return {
    ...alone,
    ...readers(db),
    ...createOutbox(db),
    ...createForgetting(db),
    ...createIdempotency(db),
    addPending: (trip) => db.transaction((within) => addPending(within, trip)),
    transaction: (work) => db.transaction((within) => work(workIn(within))),
    check: async () => void (await db.rows('SELECT 1')),
    close: () => db.close(),
  }
}

function workIn(queries: Queries): TripWork {
  return {
    item: async (workflowId, itemId) => {
      const [row] = await queries.rows(
        `${ITEM} WHERE item.workflow = $1 AND item.id = $2 AND workflow.published = 1`,
        workflowId,
        itemId,
      )
      return row === undefined ? undefined : itemRow.parse(row)
    },
    replaceItem: async ({ id, status, startsAt, version, bookedVersion }, expectedVersion) =>
      (await queries.change(
        'UPDATE item SET status = $1, starts_at = $2, version = $3, booked_version = $4 WHERE id = $5 AND version = $6',
        status,
        startsAt,
        version,
        bookedVersion ?? null,
        id,
        expectedVersion,
      )) === 1,
    recordAttempt: async (itemId, attempt) => {
      const outcome = JSON.stringify(attempt)
      await queries.change('INSERT INTO attempt (item, at, outcome) VALUES ($1, $2, $3)', itemId, attempt.at, outcome)
    },
    publish: (workflowId) => publishIn(queries, workflowId),
    settle: (key, response) => settleIn(queries, key, response),
  }
}

async function addPending(within: Queries, { workflow, items }: TripAndItems): Promise<void> {
  const { id, template, owner, issuer, ownerPersona, createdAt, version } = workflow
  const message = "INSERT INTO outbox (workflow, kind, type, id) VALUES ($1, 'register', $2, $3)"
  await within.change(
    `INSERT INTO workflow (id, template, owner, issuer, owner_persona, created_at, version)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    ...[id, template, owner, issuer, ownerPersona ?? null, createdAt, version],
  )
  await within.change(message, id, 'workflow', id)
  for (const [position, item] of items.entries()) {
    const { amount, currency } = item.plannedPrice
    const { name, status, startsAt, risk } = item
    await within.change(
      `INSERT INTO item (id, workflow, position, name, status, amount, currency, starts_at, risk, version)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      ...[item.id, id, position, name, status, amount, currency, startsAt, risk, item.version],
    )
    await within.change(message, id, 'workflow_item', item.id)
  }
}

function readers(db: Database): Pick<TripStore, 'trip' | 'workflowsById'> {
  const workflowsById = async (ids: readonly string[]): Promise<readonly Workflow[]> => {
    if (ids.length === 0) return []
    const placeholders = ids.map((_, at) => `$${at + 1}`).join(', ')
    const rows = await db.rows(`SELECT * FROM workflow WHERE published = 1 AND id IN (${placeholders})`, ...ids)
    const found = new Map(
      z
        .array(workflowRow)
        .parse(rows)
        .map((workflow) => [workflow.id, workflow]),
    )
    return ids.map((id) => found.get(id)).filter((workflow) => workflow !== undefined)
  }
  return {
    workflowsById,
    trip: async (id) => {
      const [workflow] = await workflowsById([id])
      if (!workflow) return undefined
      const rows = await db.rows(
        `${ITEM} WHERE item.workflow = $1 AND workflow.published = 1 ORDER BY item.position`,
        id,
      )
      return { workflow, items: z.array(itemRow).parse(rows) }
    },
  }
}
