/**
 * Routes of trips. Each starts with a guard that gets a decision; the handlers after it use the outcome.
 *
 * @module
 */
import { authzOf, disclosed, foundOf, type Outcome, type Pep } from '@mandate/pep'
import { Fault, refuse } from '@mandate/protocol'
import { type Request, type RequestHandler, Router } from 'express'
import { etagOf, versionExpected } from './etag.ts'
import { type IdempotencyDeps, runIdempotent, type SaveResponse } from './idempotency.ts'
import { labelsRoute } from './labels.ts'
import type { TripAndItems, TripStore, TripWork } from './store.ts'
import { TEMPLATES, templateOf } from './templates.ts'
import { transferRoute } from './transfer.ts'
import type { Effect, Item } from './trip.ts'
import type { TripService } from './trip-service.ts'
import {
  type ItemResult,
  itemChangeSchema,
  itemResource,
  itemView,
  newTripSchema,
  parsed,
  parsePage,
  tripView,
  workflowView,
} from './wire.ts'

export interface RoutesDeps extends IdempotencyDeps {
  readonly pep: Pep
  readonly store: TripStore
  readonly tripService: TripService
}

export function tripRoutes(deps: RoutesDeps): Router {
  const { pep, store } = deps
  const router = Router({ caseSensitive: true })
  const workflowOf = (req: Request) => ({ type: 'workflow', id: idOf(req) })
  const readWorkflow = () => pep.enforce({ action: 'read', resource: workflowOf })
  const itemsOf = async (req: Request) => ((await store.trip(idOf(req)))?.items ?? []).map(itemResource)
  const executeEach = { action: 'execute', resources: itemsOf }

  router.get('/templates', pep.open('templates are public to every caller with a token'), listTemplates)
  const mayRead = { action: 'read', type: 'workflow', page: parsePage }
  router.get('/workflows', pep.filter(mayRead), listWorkflows(deps))
  router.get('/labels', pep.filter({ action: 'read', type: 'workflow' }), labelsRoute(store))
  router.post('/workflows', pep.enforce({ action: 'create', resource: accountOf }), createWorkflow(deps))
  router.get('/workflows/:id', readWorkflow(), showWorkflow(deps))
  router.post('/workflows/:id/dry-run', readWorkflow(), pep.dryRun(executeEach))
  router.post('/workflows/:id/execute', readWorkflow(), pep.enforceEach(executeEach), executeWorkflow(deps))
  router.post('/workflows/:id/transfer', pep.enforce({ action: 'update', resource: workflowOf }), transferRoute(deps))
  router.get('/workflows/:id/items/:item', enforceItem(deps, 'read'), showItem(deps))
  router.patch('/workflows/:id/items/:item', enforceItem(deps, 'update'), updateItem(deps))
  router.post('/workflows/:id/items/:item/execute', enforceItem(deps, 'execute'), executeItem(deps))
  return router
}

const listTemplates: RequestHandler = (_req, res) => {
  const items = TEMPLATES.map(({ id, title, departsInDays, items: parts }) => ({
    id,
    title,
    departs_in_days: departsInDays,
    items: parts.map(({ name, plannedPrice, risk }) => ({ name, planned_price: plannedPrice, risk })),
  }))
  res.json({ items })
}

/** `GET /workflows`: one page of the trips that the subject may read, own and granted, in the PDP's order. */
function listWorkflows({ store }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const { ids, next } = foundOf(req)
    const items = (await store.workflowsById(ids)).map(workflowView)
    res.json({ items, ...(next === undefined ? {} : { next_cursor: next }) })
  }
}

/** Rule B3: `create` is checked on the owner's account. The body may name the owner, never the caller. */
function accountOf(req: Request) {
  const { subject } = authzOf(req)
  const { owner } = parsed(newTripSchema, req.body)
  const id = owner ?? (subject.type === 'user' ? subject.id : undefined)
  if (id === undefined) throw refuse('invalid_request', 'owner: required for an agent on its own schedule')
  return { type: 'travel_account', id }
}

function createWorkflow(deps: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const authz = authzOf(req)
    const { template: templateId, starts_at } = parsed(newTripSchema, req.body)
    const template = templateOf(templateId)
    if (!template) throw refuse('invalid_request', 'template: unknown template')
    const { outcome } = authz
    const owner = outcome?.owner ?? `user:${outcome?.resource.id}`
    const ownerPersona = outcome?.ownerPersona ?? authz.persona
    await runIdempotent(deps, req, res, async (save) => {
      const responseOf = (trip: TripAndItems) => ({ status: 201, body: tripView(trip, authz) })
      const order = { template, owner, ownerPersona, startsAt: starts_at }
      const trip = await deps.tripService.create(order, (published, within) => save(responseOf(published), within))
      res.location(`/workflows/${trip.workflow.id}`)
      return responseOf(trip)
    })
  }
}

function showWorkflow({ store }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const trip = await store.trip(idOf(req))
    if (!trip) throw new Fault('not_found', 'unknown trip')
    res.set('ETag', etagOf(trip.workflow)).json(tripView(trip, authzOf(req)))
  }
}

/** Guards an item. An unknown item is asked about without properties, so that a stranger gets the same denial as for an existing one. */
function enforceItem({ pep, store, tripService }: RoutesDeps, action: 'read' | 'update' | 'execute'): RequestHandler {
  return pep.enforce({
    action,
    resource: async (req) => {
      const item = await store.item(idOf(req), itemOf(req))
      return item ? itemResource(item) : { type: 'workflow_item', id: itemOf(req) }
    },
    onDenial: async (req, outcome) => {
      if (action !== 'execute') return
      const item = await store.item(idOf(req), itemOf(req))
      if (item) await store.recordAttempt(item.id, tripService.attemptOf(outcome, authzOf(req), 'none'))
    },
  })
}

function showItem({ store }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const item = await knownItem(store, req)
    res.set('ETag', etagOf(item)).json(itemView(item, authzOf(req)))
  }
}

function updateItem({ store, tripService }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const item = await knownItem(store, req)
    const { starts_at } = parsed(itemChangeSchema, req.body)
    const changed = await tripService.reschedule(item, starts_at, versionExpected(req))
    res.set('ETag', etagOf(changed)).json(itemView(changed, authzOf(req)))
  }
}

function executeItem(deps: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const authz = authzOf(req)
    const { outcome } = authz
    if (!outcome) throw new Fault('internal', 'enforce() left no outcome')
    await runIdempotent(deps, req, res, (save) =>
      deps.store.transaction(async (within) => {
        const current = await knownItem(within, req)
        if (!isSame(current, outcome)) throw refuse('conflict', 'The item has changed. Try again.')
        const { item, effect } = await deps.tripService.execute(within, { item: current, outcome, authz })
        const response = { status: 200, body: resultOf(item, effect, disclosed(outcome, authz)) }
        await save(response, within)
        return response
      }),
    )
  }
}

/**
 * `POST …/execute`: books each permitted item and reports the others. A response with an undecided item is not stored under its
 * `Idempotency-Key`: the repeated request retries, and booked items stay unchanged.
 */
function executeWorkflow(deps: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const work = (save: SaveResponse) =>
      deps.store.transaction(async (within) => {
        const items: ItemResult[] = []
        for (const outcome of authzOf(req).items ?? []) items.push(await executeOne(deps, within, req, outcome))
        const response = { status: 200, body: { workflow: idOf(req), items } }
        if (!items.some(({ undecided }) => undecided)) await save(response, within)
        return response
      })
    await runIdempotent(deps, req, res, work)
  }
}

async function executeOne(
  { tripService }: RoutesDeps,
  within: TripWork,
  req: Request,
  outcome: Outcome,
): Promise<ItemResult> {
  const authz = authzOf(req)
  const current = await within.item(idOf(req), outcome.resource.id)
  if (!current || !isSame(current, outcome)) throw refuse('conflict', 'The trip has changed. Try again.')
  if (outcome.undecided) return resultOf(current, 'none', disclosed(outcome, authz))
  const { item, effect } = await tripService.execute(within, { item: current, outcome, authz })
  return resultOf(item, effect, disclosed(outcome, authz))
}

/** Whether the item still has the attributes that the decision was made about: it may have changed before the booking. */
function isSame(item: Item, { resource }: Outcome): boolean {
  return JSON.stringify(itemResource(item)) === JSON.stringify(resource)
}

function resultOf(item: Item, effect: Effect, outcome: ReturnType<typeof disclosed>): ItemResult {
  const { resource: _, ...decided } = outcome
  return { item: item.id, name: item.name, status: item.status, effect, ...decided }
}

async function knownItem(store: Pick<TripStore, 'item'>, req: Request): Promise<Item> {
  const item = await store.item(idOf(req), itemOf(req))
  if (!item) throw new Fault('not_found', 'unknown item')
  return item
}

function idOf(req: Request): string {
  return String(req.params['id'])
}

function itemOf(req: Request): string {
  return String(req.params['item'])
}
