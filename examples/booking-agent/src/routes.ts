/**
 * The agent's routes. What an item needs is decided by the PDP where the item is, at trips: here a run is only started and read.
 *
 * @module
 */
import { type Authz, accessTokenOf, authzOf, type Pep, refOf } from '@mandate/pep'
import { Fault, idSchema, refuse } from '@mandate/protocol'
import { type Request, type RequestHandler, Router } from 'express'
import { z } from 'zod'
import { type RunnerDeps, runTrip } from './runner.ts'
import type { RunStore } from './store.ts'
import type { TripsTokens } from './tokens.ts'

export interface RoutesDeps {
  readonly pep: Pep
  readonly runner: RunnerDeps
  readonly store: RunStore
  readonly tokens: TripsTokens
  /** The agent's own id. */
  readonly agent: string
}

const MAX_ITEMS = 50
const MAX_LIST = 50

const runRequestSchema = z.strictObject({
  workflow: idSchema,
  /** Item ids, or names such as `dinner`; all items when absent. */
  items: z.array(idSchema).min(1).max(MAX_ITEMS).optional(),
  /** Only ask what would be permitted. */
  dry_run: z.boolean().default(false),
})

export function runRoutes(deps: RoutesDeps): Router {
  const { pep } = deps
  const own = 'a run belongs to whoever started it, and nobody else finds it'
  const router = Router()
  router.post('/runs', pep.open('each item of a run is decided where it is executed'), startRun(deps))
  router.get('/runs', pep.open(own), listRuns(deps))
  router.get('/runs/:id', pep.open(own), showRun(deps))
  return router
}

function startRun({ runner, tokens, agent }: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const authz = personOf(req)
    const parsed = runRequestSchema.safeParse(req.body ?? {})
    if (!parsed.success) throw refuse('invalid_request', z.prettifyError(parsed.error))
    const { workflow, items, dry_run } = parsed.data
    const token = await tokens.exchanged(accessTokenOf(req))
    const order = {
      workflow,
      items,
      dryRun: dry_run,
      subject: refOf(authz.subject),
      actor: `agent:${agent}`,
      as: { token, persona: authz.persona, requestId: authz.requestId },
    }
    const run = await runTrip(order, runner)
    res.status(201).location(`/runs/${run.id}`).json(run)
  }
}

function listRuns({ store }: RoutesDeps): RequestHandler {
  return (req, res) => {
    res.json({ items: store.list(refOf(personOf(req).subject), MAX_LIST) })
  }
}

function showRun({ store }: RoutesDeps): RequestHandler {
  return (req, res) => {
    const run = store.find(String(req.params['id']), refOf(personOf(req).subject))
    if (!run) throw new Fault('not_found', 'no such run of this person')
    res.json(run)
  }
}

/** No PDP is asked here, so nobody could say whether another client is an agent: only the person themself may start or read runs. */
function personOf(req: Request): Authz {
  const authz = authzOf(req)
  if (authz.inPerson) return authz
  throw new Fault('in_person_only', 'a run is started and read by a person, signed in at an interactive client')
}
