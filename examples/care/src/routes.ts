/**
 * Care's routes. Each starts with the guard that decides.
 *
 * @module
 */
import { authzOf, disclosed, foundOf, itemsOf, type Outcome, type Pep, permitOf, type Resource } from '@mandate/pep'
import { Fault, idSchema, parseLabelIds, refuse } from '@mandate/protocol'
import { type Request, type RequestHandler, Router } from 'express'
import { decodeTime } from 'ulid'
import { z } from 'zod'
import type { CareService } from './care-service.ts'
import type { PlanStore, Task } from './plans.ts'

export interface RoutesDeps {
  readonly pep: Pep
  readonly plans: PlanStore
  readonly careService: CareService
}

/** `owner`: the patient, when a delegate makes the plan for them. The caller's identity comes from the token alone. */
const newPlanSchema = z.strictObject({ owner: idSchema.optional() })

export function careRoutes(deps: RoutesDeps): Router {
  const { pep, plans } = deps
  const readPlan = () => pep.enforce({ action: 'read', resource: (req) => ({ type: 'care_plan', id: planOf(req) }) })
  const tasksOf = (req: Request) => (plans.find(planOf(req)) ? plans.tasks(planOf(req)) : []).map(taskResource)
  const each = { action: 'execute', resources: tasksOf }
  const one = (req: Request) => {
    const task = plans.tasks(planOf(req)).find(({ id }) => id === String(req.params['task']))
    // An unknown task is asked about without properties, so that a stranger gets the same denial as for an existing one.
    return task ? taskResource(task) : { type: 'care_task', id: String(req.params['task']) }
  }
  const router = Router({ caseSensitive: true })
  router.get('/plans', pep.filter({ action: 'read', type: 'care_plan' }), listPlans(deps))
  router.get('/labels', pep.filter({ action: 'read', type: 'care_plan' }), giveLabels(deps))
  router.post('/plans', pep.enforce({ action: 'create', resource: accountOf }), makePlan(deps))
  router.get('/plans/:plan', readPlan(), showPlan(deps))
  router.post('/plans/:plan/dry-run', readPlan(), pep.dryRun(each))
  router.post('/plans/:plan/execute', readPlan(), pep.enforceEach(each), carryOutEach(deps))
  router.post('/plans/:plan/tasks/:task/execute', pep.enforce({ action: 'execute', resource: one }), carryOut(deps))
  return router
}

/** A task as the PDP is asked about it; effort, due time and risk come from the store, never from the request. */
function taskResource({ id, effort, due_at, risk }: Task): Resource {
  return { type: 'care_task', id, properties: { effort, due_at, risk } }
}

function accountOf(req: Request): Resource {
  const { subject } = authzOf(req)
  const parsed = newPlanSchema.safeParse(req.body ?? {})
  if (!parsed.success) throw refuse('invalid_request', z.prettifyError(parsed.error))
  const id = parsed.data.owner ?? (subject.type === 'user' ? subject.id : undefined)
  if (id === undefined) throw refuse('invalid_request', 'owner: required for an agent on its own schedule')
  return { type: 'care_account', id }
}

function listPlans({ plans }: RoutesDeps): RequestHandler {
  return (req, res) => {
    const found = foundOf(req).ids.map((id) => plans.find(id))
    res.json({ items: found.filter((plan) => plan !== undefined) })
  }
}

/** `GET /labels`: names of plans, by the day on which they began, and of tasks of the plans that are asked for. */
function giveLabels({ plans }: RoutesDeps): RequestHandler {
  return (req, res) => {
    const asked = new Set(parseLabelIds(req.query['ids']))
    const found = foundOf(req).ids.filter((id) => asked.has(`care_plan:${id}`) && plans.find(id))
    const tasks = found.flatMap((id) => plans.tasks(id)).filter(({ id }) => asked.has(`care_task:${id}`))
    const begun = (id: string): string => new Date(decodeTime(id)).toISOString().slice(0, 'yyyy-mm-dd'.length)
    const labels = Object.fromEntries([
      ...found.map((id) => [`care_plan:${id}`, `care plan of ${begun(id)}`]),
      ...tasks.map(({ id, name }) => [`care_task:${id}`, name]),
    ])
    res.json({ labels })
  }
}

function makePlan({ careService, plans }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const { owner, ownerPersona, resource } = permitOf(req)
    const plan = await careService.create(owner ?? `user:${resource.id}`, ownerPersona ?? authzOf(req).persona)
    res
      .status(201)
      .location(`/plans/${plan.id}`)
      .json({ ...plan, tasks: plans.tasks(plan.id) })
  }
}

function showPlan({ plans }: RoutesDeps): RequestHandler {
  return (req, res) => {
    const plan = plans.find(planOf(req))
    if (!plan) throw new Fault('not_found', 'unknown plan')
    res.json({ ...plan, tasks: plans.tasks(plan.id) })
  }
}

/** Carries out each permitted task, and reports the denied ones. */
function carryOutEach({ plans }: RoutesDeps): RequestHandler {
  return (req, res) => {
    const authz = authzOf(req)
    const items = itemsOf(req).map((outcome) => ({ ...disclosed(outcome, authz), effect: effectOf(outcome, plans) }))
    res.json({ items })
  }
}

function carryOut({ plans }: RoutesDeps): RequestHandler {
  return (req, res) => {
    const outcome = permitOf(req)
    res.json({ ...disclosed(outcome, authzOf(req)), effect: effectOf(outcome, plans) })
  }
}

function effectOf({ decision, resource }: Outcome, plans: PlanStore): 'done' | 'unchanged' | 'none' {
  if (!decision) return 'none'
  return plans.carryOut(resource.id, new Date().toISOString()) ? 'done' : 'unchanged'
}

function planOf(req: Request): string {
  return String(req.params['plan'])
}
