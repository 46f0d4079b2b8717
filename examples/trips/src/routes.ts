/**
 * Trips' routes. Each starts with the guard that decides; what follows runs on its outcome.
 *
 * @module
 */
import { authzOf, disclosed, foundOf, type Outcome, type Pep } from '@mandate/pep'
import { Fault, refuse } from '@mandate/protocol'
import { type Request, type RequestHandler, Router } from 'express'
import type { Agency } from './agency.ts'
import { etagOf, versionExpected } from './etag.ts'
import { type Keep, type OnceDeps, once } from './once.ts'
import type { TripAndItems, TripStore, TripWork } from './store.ts'
import { TEMPLATES, templateOf } from './templates.ts'
import { transferRoute } from './transfer.ts'
import type { Effect, Item } from './trip.ts'
import {
  type ItemResult,
  itemChangeSchema,
  itemResource,
  itemView,
  newTripSchema,
  pageAsked,
  parsed,
  tripView,
  workflowView,
} from './wire.ts'

export interface RoutesDeps extends OnceDeps {
  readonly pep: Pep
  readonly store: TripStore
  readonly agency: Agency
}

export function tripRoutes(deps: RoutesDeps): Router {
  const { pep, store } = deps
  const router = Router({ caseSensitive: true })
  const workflowOf = (req: Request) => ({ type: 'workflow', id: idOf(req) })
  const readWorkflow = () => pep.enforce({ action: 'read', resource: workflowOf })
  const itemsOf = async (req: Request) => ((await store.trip(idOf(req)))?.items ?? []).map(itemResource)
  const executeEach = { action: 'execute', resources: itemsOf }

  router.get('/templates', pep.open('templates are the same for everybody'), listTemplates)
  const mayRead = { action: 'read', type: 'workflow', page: pageAsked }
  router.get('/workflows', pep.filter(mayRead), listWorkflows(deps))
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

/** One page of what the subject may read, in the PDP's order: their own trips, and those that somebody let them see. */
function listWorkflows({ store }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const { ids, next } = foundOf(req)
    const items = (await store.workflowsById(ids)).map(workflowView)
    res.json({ items, ...(next === undefined ? {} : { next_cursor: next }) })
  }
}

/** Rule B3: `create` is asked of the owner's account. Whose account may stand in the body; who asks may not. */
function accountOf(req: Request) {
  const { subject } = authzOf(req)
  const { owner } = parsed(newTripSchema, req.body)
  const id = owner ?? (subject.type === 'user' ? subject.id : undefined)
  if (id === undefined) throw refuse('invalid_request', 'owner: an agent on its own schedule says for whom')
  return { type: 'travel_account', id }
}

function createWorkflow(deps: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const authz = authzOf(req)
    const { template: templateId, starts_at } = parsed(newTripSchema, req.body)
    const template = templateOf(templateId)
    if (!template) throw refuse('invalid_request', 'template: there is no such template')
    const { outcome } = authz
    const owner = outcome?.owner ?? `user:${outcome?.resource.id}`
    const ownerPersona = outcome?.ownerPersona ?? authz.persona
    await once(deps, req, res, async (keep) => {
      const answerOf = (trip: TripAndItems) => ({ status: 201, body: tripView(trip, authz) })
      const order = { template, owner, ownerPersona, startsAt: starts_at }
      const trip = await deps.agency.create(order, (published, within) => keep(answerOf(published), within))
      res.location(`/workflows/${trip.workflow.id}`)
      return answerOf(trip)
    })
  }
}

function showWorkflow({ store }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const trip = await store.trip(idOf(req))
    if (!trip) throw new Fault('not_found', 'the trip is not here')
    res.set('ETag', etagOf(trip.workflow)).json(tripView(trip, authzOf(req)))
  }
}

/** An item that trips does not know is asked about all the same, bare: strangers get the same answer as for one that exists. */
function enforceItem({ pep, store, agency }: RoutesDeps, action: 'read' | 'update' | 'execute'): RequestHandler {
  return pep.enforce({
    action,
    resource: async (req) => {
      const item = await store.item(idOf(req), itemOf(req))
      return item ? itemResource(item) : { type: 'workflow_item', id: itemOf(req) }
    },
    onDenial: async (req, outcome) => {
      if (action !== 'execute') return
      const item = await store.item(idOf(req), itemOf(req))
      if (item) await store.recordAttempt(item.id, agency.attemptOf(outcome, authzOf(req), 'none'))
    },
  })
}

function showItem({ store }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const item = await knownItem(store, req)
    res.set('ETag', etagOf(item)).json(itemView(item, authzOf(req)))
  }
}

function updateItem({ store, agency }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const item = await knownItem(store, req)
    const { starts_at } = parsed(itemChangeSchema, req.body)
    const changed = await agency.reschedule(item, starts_at, versionExpected(req))
    res.set('ETag', etagOf(changed)).json(itemView(changed, authzOf(req)))
  }
}

function executeItem(deps: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const authz = authzOf(req)
    const { outcome } = authz
    if (!outcome) throw new Fault('internal', 'no outcome behind enforce()')
    await once(deps, req, res, (keep) =>
      deps.store.transaction(async (within) => {
        const current = await knownItem(within, req)
        if (!isSame(current, outcome)) throw refuse('conflict', 'The item has changed. Try again.')
        const { item, effect } = await deps.agency.perform(within, { item: current, outcome, authz })
        const answer = { status: 200, body: resultOf(item, effect, disclosed(outcome, authz)) }
        await keep(answer, within)
        return answer
      }),
    )
  }
}

/**
 * Every item on its own: what is permitted is booked, what is not is reported, and the rest goes on. An answer with an undecided item is
 * not kept for its `Idempotency-Key`: the same request, sent again, tries again, and books nothing twice.
 */
function executeWorkflow(deps: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const work = (keep: Keep) =>
      deps.store.transaction(async (within) => {
        const items: ItemResult[] = []
        for (const outcome of authzOf(req).items ?? []) items.push(await executeOne(deps, within, req, outcome))
        const answer = { status: 200, body: { workflow: idOf(req), items } }
        if (!items.some(({ undecided }) => undecided)) await keep(answer, within)
        return answer
      })
    await once(deps, req, res, work)
  }
}

async function executeOne(
  { agency }: RoutesDeps,
  within: TripWork,
  req: Request,
  outcome: Outcome,
): Promise<ItemResult> {
  const authz = authzOf(req)
  const current = await within.item(idOf(req), outcome.resource.id)
  if (!current || !isSame(current, outcome)) throw refuse('conflict', 'The trip has changed. Try again.')
  if (outcome.undecided) return resultOf(current, 'none', disclosed(outcome, authz))
  const { item, effect } = await agency.perform(within, { item: current, outcome, authz })
  return resultOf(item, effect, disclosed(outcome, authz))
}

/** Between the question and the booking the item may have been changed: a permit is for what was asked about. */
function isSame(item: Item, { resource }: Outcome): boolean {
  return JSON.stringify(itemResource(item)) === JSON.stringify(resource)
}

function resultOf(item: Item, effect: Effect, outcome: ReturnType<typeof disclosed>): ItemResult {
  const { resource: _, ...decided } = outcome
  return { item: item.id, name: item.name, status: item.status, effect, ...decided }
}

async function knownItem(store: Pick<TripStore, 'item'>, req: Request): Promise<Item> {
  const item = await store.item(idOf(req), itemOf(req))
  if (!item) throw new Fault('not_found', 'the item is not here')
  return item
}

function idOf(req: Request): string {
  return String(req.params['id'])
}

function itemOf(req: Request): string {
  return String(req.params['item'])
}
