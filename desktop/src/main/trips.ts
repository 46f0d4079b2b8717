/**
 * Trips, as the person has them at the trips service: read, made, tried, booked in person, moved.
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
/** A dry run names resources, not items. */
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

/** One after the other, each on its own: a denial is what came of it, not the end of the others. */
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

/** @throws the error itself when nothing was done yet: then it is about the call, not about one item. */
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
