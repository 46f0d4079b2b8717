/**
 * The agent's routes: start, resume, list and follow runs. Trips asks the PDP about each item; these routes only check that the caller is a person and owns the run.
 *
 * @module
 */
import { type Authz, accessTokenOf, authzOf, type Pep, refOf } from '@mandate/pep'
import { Fault, pathIdSchema, refuse } from '@mandate/protocol'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import type { RunEvents } from './events.ts'
import { isResumable, type Run } from './run.ts'
import { beginRun, carryOut, type RunnerDeps, reopened } from './runner.ts'
import type { RunStore } from './store.ts'
import type { TripsTokens } from './tokens.ts'
import type { Acting } from './trips-client.ts'

export interface RoutesDeps {
  readonly pep: Pep
  readonly runner: RunnerDeps
  readonly store: RunStore
  readonly tokens: TripsTokens
  /** The agent's own id. */
  readonly agent: string
  readonly events: RunEvents
  /** Runs work whose result no request awaits: logs its failure, and closing the agent waits for it. */
  readonly background: (work: Promise<unknown>) => void
}

const MAX_ITEMS = 50
const MAX_LIST = 50

const runRequestSchema = z.strictObject({
  workflow: pathIdSchema,
  /** Item ids, or names such as `dinner`; all items when absent. */
  items: z.array(pathIdSchema).min(1).max(MAX_ITEMS).optional(),
  /** Only check what would be permitted. */
  dry_run: z.boolean().default(false),
})

export function runRoutes(deps: RoutesDeps): Router {
  const { pep } = deps
  const own = 'a run is found only by the subject that started it'
  const router = Router({ caseSensitive: true })
  router.post('/runs', pep.open('trips decides each item of a run'), startRun(deps))
  router.get('/runs', pep.open(own), listRuns(deps))
  router.get('/runs/:id', pep.open(own), showRun(deps))
  router.get('/runs/:id/events', pep.open(own), streamRun(deps))
  router.post('/runs/:id/resume', pep.open('trips decides each item of a run'), resumeRun(deps))
  return router
}

function startRun(deps: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const authz = personOf(req)
    const parsed = runRequestSchema.safeParse(req.body ?? {})
    if (!parsed.success) throw refuse('invalid_request', z.prettifyError(parsed.error))
    const { workflow, items, dry_run: dryRun } = parsed.data
    const as = await actingAs(req, deps)
    const order = { workflow, items, dryRun, subject: refOf(authz.subject), actor: `agent:${deps.agent}`, as }
    await answerRun(req, res, beginRun(order, deps.runner), { as, status: 201 }, deps)
  }
}

/** `POST /runs/:id/resume`. Needs the person's token again, because tokens are not stored. */
function resumeRun(deps: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const as = await actingAs(req, deps)
    const run = ownRun(req, deps)
    if (!isResumable(run)) throw refuse('conflict', 'The run is running or complete.')
    const { persona } = run
    if (persona !== as.persona) throw refuse('conflict', 'The run acts in another persona.')
    await answerRun(req, res, reopened(run, deps.runner), { as, status: 200 }, deps)
  }
}

/** Carries out a run and responds. With `Prefer: respond-async` (RFC 7240) it responds 202 at once, and the run continues; its events report progress. */
async function answerRun(
  req: Request,
  res: Response,
  run: Run,
  { as, status }: { readonly as: Acting; readonly status: number },
  { runner, background }: RoutesDeps,
): Promise<void> {
  const work = carryOut(run, as, runner)
  res.location(`/runs/${run.id}`)
  if (!/\brespond-async\b/iu.test(req.get('Prefer') ?? '')) {
    res.status(status).json(await work)
    return
  }
  background(work)
  res.status(202).set('Preference-Applied', 'respond-async').json(run)
}

export async function actingAs(req: Request, { tokens }: Pick<RoutesDeps, 'tokens'>): Promise<Acting> {
  const { persona, requestId } = personOf(req)
  return { token: await tokens.exchanged(accessTokenOf(req)), persona, requestId }
}

function listRuns({ store }: RoutesDeps): RequestHandler {
  return (req, res) => {
    res.json({ items: store.list(refOf(personOf(req).subject), MAX_LIST) })
  }
}

function showRun(deps: RoutesDeps): RequestHandler {
  return (req, res) => {
    res.json(ownRun(req, deps))
  }
}

function streamRun(deps: RoutesDeps): RequestHandler {
  return (req, res) => {
    deps.events.answer(res, ownRun(req, deps), personOf(req))
  }
}

function ownRun(req: Request, { store }: RoutesDeps): Run {
  const run = store.find(String(req.params['id']), refOf(personOf(req).subject))
  if (!run) throw new Fault('not_found', 'no such run of this person')
  return run
}

/** @throws Fault `in_person_only` unless a person calls through an interactive client: without a PDP decision, an agent cannot be told from a person's other client. */
export function personOf(req: Request): Authz {
  const authz = authzOf(req)
  if (authz.inPerson) return authz
  throw new Fault('in_person_only', 'only a person signed in at an interactive client may start or read runs')
}
