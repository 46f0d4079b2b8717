/**
 * Operations on trips at the trips service: list, read, create, dry run, execute in person, reschedule.
 *
 * @module
 */
import { decisionCodeSchema } from '@mandate/protocol'
import { z } from 'zod'
import {
  type ItemOutcome,
  itemOutcomeSchema,
  itemSchema,
  templateSchema,
  tripSchema,
  tripSummarySchema,
} from '../shared/views.ts'
import { type Api, part } from './api.ts'
import type { Handlers } from './handlers.ts'
import { CallProblem } from './problems.ts'

type Names =
  | 'trips.templates'
  | 'trips.list'
  | 'trips.read'
  | 'trips.create'
  | 'trips.dryRun'
  | 'trips.execute'
  | 'trips.reschedule'

const templatesSchema = z.object({ items: z.array(templateSchema) })
const listSchema = z.object({ items: z.array(tripSummarySchema), next_cursor: z.string().optional() })
const executedSchema = z.object({ items: z.array(itemOutcomeSchema) })
/** A dry run returns resources; maps them to items. */
const dryRunSchema = z.object({
  items: z.array(
    z
      .looseObject({ resource: z.object({ id: z.string() }) })
      .transform(({ resource, ...decided }) => ({ ...decided, item: resource.id }))
      .pipe(itemOutcomeSchema),
  ),
})

export const tripHandlers: Handlers<Names> = {
  'trips.templates': (_input, { api }) => api.call('trips', { path: '/templates' }, templatesSchema),
  'trips.list': (input, { api }) => api.call('trips', { path: '/workflows', query: { ...input } }, listSchema),
  'trips.read': ({ id }, { api }) => api.call('trips', { path: `/workflows/${part(id)}` }, tripSchema),
  'trips.create': async (body, { api, emit }) => {
    const trip = await api.call('trips', { method: 'POST', path: '/workflows', body }, tripSchema)
    emit('changed', { what: 'trips' })
    return trip
  },
  'trips.dryRun': ({ id }, { api }) =>
    api.call('trips', { method: 'POST', path: `/workflows/${part(id)}/dry-run` }, dryRunSchema),
  'trips.execute': async ({ id, items }, { api, emit }) => {
    const path = `/workflows/${part(id)}`
    const done = items
      ? { items: await executeEach(api, path, items) }
      : await api.call('trips', { method: 'POST', path: `${path}/execute` }, executedSchema)
    emit('changed', { what: 'trips' })
    return done
  },
  'trips.reschedule': async ({ trip, item, version, starts_at }, { api, emit }) => {
    const path = `/workflows/${part(trip)}/items/${part(item)}`
    const headers = { 'if-match': `"${version}"` }
    const changed = await api.call('trips', { method: 'PATCH', path, headers, body: { starts_at } }, itemSchema)
    emit('changed', { what: 'trips' })
    return changed
  },
}

/** Executes items one by one. A denial is that item's outcome and does not stop the rest. */
async function executeEach(api: Api, path: string, items: readonly string[]): Promise<ItemOutcome[]> {
  const outcomes: ItemOutcome[] = []
  for (const item of items) {
    const request = { method: 'POST', path: `${path}/items/${part(item)}/execute` } as const
    outcomes.push(
      await api.call('trips', request, itemOutcomeSchema).catch((error: unknown) => outcomeOf(item, error, outcomes)),
    )
  }
  return outcomes
}

/** The outcome of a failed item. @throws The error when no item was executed yet: then the whole call failed. */
function outcomeOf(item: string, error: unknown, before: readonly ItemOutcome[]): ItemOutcome {
  if (!(error instanceof CallProblem)) throw error
  const { code, title } = error.view
  const denied = itemOutcomeSchema.safeParse({
    effect: 'none',
    ...(typeof error.said === 'object' ? error.said : {}),
    item,
    decision: false,
    reason: code,
    status: undefined,
  })
  const isDenial = denied.success && denied.data.reasons.length > 0
  if (isDenial) return denied.data
  if (before.length === 0) throw error
  return {
    item,
    decision: false,
    undecided: true,
    reason: code,
    reasons: [{ code: decisionCodeSchema.parse(code), reason_user: title }],
    chain: [],
    effect: 'none',
  }
}
