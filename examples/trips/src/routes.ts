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
import { once } from './once.ts'
import type { TripAndItems, TripStore } from './store.ts'
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

export interface RoutesDeps {
  readonly pep: Pep
  readonly store: TripStore
  readonly agency: Agency
}

export function tripRoutes(deps: RoutesDeps): Router {
  const { pep, store } = deps
  const router = Router()
  const workflowOf = (req: Request) => ({ type: 'workflow', id: idOf(req) })
  const readWorkflow = () => pep.enforce({ action: 'read', resource: workflowOf })
  const itemsOf = (req: Request) => (store.trip(idOf(req))?.items ?? []).map(itemResource)
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
  return (req, res) => {
    const { ids, next } = foundOf(req)
    const items = store.workflowsById(ids).map(workflowView)
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

function createWorkflow({ store, agency }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const authz = authzOf(req)
    const { template: templateId, starts_at } = parsed(newTripSchema, req.body)
    const template = templateOf(templateId)
    if (!template) throw refuse('invalid_request', 'template: there is no such template')
    const { outcome } = authz
    const owner = outcome?.owner ?? `user:${outcome?.resource.id}`
    const ownerPersona = outcome?.ownerPersona ?? authz.persona
    await once(store, req, res, async (keep) => {
      const answerOf = (trip: TripAndItems) => ({ status: 201, body: tripView(trip, authz) })
      const order = { template, owner, ownerPersona, startsAt: starts_at }
      const trip = await agency.create(order, (published) => keep(answerOf(published)))
      res.location(`/workflows/${trip.workflow.id}`)
      return answerOf(trip)
    })
  }
}

function showWorkflow({ store }: RoutesDeps): RequestHandler {
  return (req, res) => {
    const trip = store.trip(idOf(req))
    if (!trip) throw new Fault('not_found', 'the trip is not here')
    res.set('ETag', etagOf(trip.workflow)).json(tripView(trip, authzOf(req)))
  }
}

/** An item that trips does not know is asked about all the same, bare: strangers get the same answer as for one that exists. */
function enforceItem({ pep, store, agency }: RoutesDeps, action: 'read' | 'update' | 'execute'): RequestHandler {
  return pep.enforce({
    action,
    resource: (req) => {
      const item = store.item(idOf(req), itemOf(req))
      return item ? itemResource(item) : { type: 'workflow_item', id: itemOf(req) }
    },
    onDenial: (req, outcome) => {
      const item = store.item(idOf(req), itemOf(req))
      if (action === 'execute' && item) store.recordAttempt(item.id, agency.attemptOf(outcome, authzOf(req), 'none'))
    },
  })
}

function showItem({ store }: RoutesDeps): RequestHandler {
  return (req, res) => {
    const item = knownItem(store, req)
    res.set('ETag', etagOf(item)).json(itemView(item, authzOf(req)))
  }
}

function updateItem({ store, agency }: RoutesDeps): RequestHandler {
  return (req, res) => {
    const item = knownItem(store, req)
    const { starts_at } = parsed(itemChangeSchema, req.body)
    const changed = agency.reschedule(item, starts_at, versionExpected(req))
    res.set('ETag', etagOf(changed)).json(itemView(changed, authzOf(req)))
  }
}

function executeItem({ store, agency }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const authz = authzOf(req)
    const { outcome } = authz
    if (!outcome) throw new Fault('internal', 'no outcome behind enforce()')
    await once(store, req, res, (keep) =>
      store.transaction(() => {
        const current = knownItem(store, req)
        if (!isSame(current, outcome)) throw refuse('conflict', 'The item has changed. Try again.')
        const { item, effect } = agency.perform(current, outcome, authz)
        const answer = { status: 200, body: resultOf(item, effect, disclosed(outcome, authz)) }
        keep(answer)
        return answer
      }),
    )
  }
}

/**
 * Every item on its own: what is permitted is booked, what is not is reported, and the rest goes on. An answer with an undecided item is
 * not kept for its `Idempotency-Key`: the same request, sent again, tries again, and books nothing twice.
 */
function executeWorkflow({ store, agency }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const authz = authzOf(req)
    await once(store, req, res, (keep) =>
      store.transaction(() => {
        const items = (authz.items ?? []).map((outcome) => {
          const current = store.item(idOf(req), outcome.resource.id)
          if (!current || !isSame(current, outcome)) throw refuse('conflict', 'The trip has changed. Try again.')
          if (outcome.undecided) return resultOf(current, 'none', disclosed(outcome, authz))
          const { item, effect } = agency.perform(current, outcome, authz)
          return resultOf(item, effect, disclosed(outcome, authz))
        })
        const answer = { status: 200, body: { workflow: idOf(req), items } }
        if (!items.some(({ undecided }) => undecided)) keep(answer)
        return answer
      }),
    )
  }
}

/** Between the question and the booking the item may have been changed: a permit is for what was asked about. */
function isSame(item: Item, { resource }: Outcome): boolean {
  return JSON.stringify(itemResource(item)) === JSON.stringify(resource)
}

function resultOf(item: Item, effect: Effect, outcome: ReturnType<typeof disclosed>): ItemResult {
  const { resource: _, ...decided } = outcome
  return { item: item.id, name: item.name, status: item.status, effect, ...decided }
}

function knownItem(store: TripStore, req: Request): Item {
  const item = store.item(idOf(req), itemOf(req))
  if (!item) throw new Fault('not_found', 'the item is not here')
  return item
}

function idOf(req: Request): string {
  return String(req.params['id'])
}

function itemOf(req: Request): string {
  return String(req.params['item'])
}
