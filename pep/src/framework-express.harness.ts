import { createServer } from 'node:http'
import type express from 'express'
import { accessTokenOf, authzOf, foundOf, itemsOf, permitOf } from './authz.ts'
import {
  ACTIONS,
  BODY_LIMIT,
  BUG,
  CALL,
  decisionsOf,
  type Framework,
  idOf,
  note,
  PRINTED,
  SECRET,
} from './framework.harness.ts'
import { createLimits, type Limits } from './limits.ts'
import type { PepOptions } from './options.ts'
import { createPep, type Pep } from './pep.ts'
import { problems } from './problem.ts'
import { listen, stop } from './testing.ts'

/** Express 4 and 5 have the same harness. */
export function expressFramework(name: string, library: typeof express): Framework {
  return {
    name,
    serve: async ({ limits, ...options }, withBareRoute = false) => {
      const pep = createPep(options)
      const limited = limits && createLimits(limits)
      const server = createServer(serviceOf(pep, library, { ...options, limited }, withBareRoute))
      const url = await listen(server)
      return {
        url,
        close: async () => {
          await Promise.all([stop(server), pep.close()])
        },
      }
    },
  }
}

interface Service extends PepOptions {
  readonly limited: Limits | undefined
}

function serviceOf(pep: Pep, library: typeof express, options: Service, withBareRoute: boolean): express.Express {
  const app = library()
  if (options.limited) app.use(options.limited.atTheDoor)
  const why = 'nothing is decided here'
  app.get('/livez', pep.open(why), (_req, res) => void res.json({ status: 'ok' }))
  app.get('/fails', pep.open(why), () => {
    throw new TypeError(BUG)
  })
  app.get('/conflict', pep.open(why), (_req, res, next) => {
    CALL.run().then(() => void res.json({}), next)
  })
  if (withBareRoute) app.get('/bare', (_req, res) => void res.json(SECRET))
  app.use((req, res, next) => (req.path === '/stray' ? void res.json(SECRET) : next()))
  app.use(pep.authenticate(), options.limited?.byCaller ?? [], library.json({ limit: BODY_LIMIT }))
  addNotes(app, pep)
  app.use(problems(options.logger))
  pep.assertGuarded(app)
  return app
}

function addNotes(app: express.Express, pep: Pep): void {
  const read = {
    action: 'read',
    resource: (req: { readonly params: { readonly id: string } }) => note(req.params.id),
  }
  app.get('/notes', pep.filter({ action: 'read', type: 'note' }), (req, res) => void res.json(foundOf(req)))
  app.post('/notes', pep.enforce({ action: 'create', resource: (req) => note(idOf(req.body)) }), (req, res) => {
    res.json({ id: permitOf(req).resource.id })
  })
  app.get('/notes/:id', pep.enforce('/notes/:id', read), (req, res) => {
    const { subject, actor } = authzOf(req)
    res.json({ id: req.params.id, subject, actor })
  })
  app.get('/private/:id', pep.enforce('/private/:id', { ...read, inPersonOnly: true }), (_req, res) => {
    res.json({})
  })
  app.get('/buttons/:id', pep.enforce('/buttons/:id', read), (req, res, next) => {
    pep
      .decideActions(req, { actions: ACTIONS, resource: note(req.params.id) })
      .then((outcomes) => void res.json(decisionsOf(outcomes)), next)
  })
  app.get('/links/:id', pep.enforce('/links/:id', read), (req, res, next) => {
    const token = accessTokenOf(req) !== ''
    pep.can(req, { action: 'edit', resource: note(req.params.id) }).then((edit) => void res.json({ edit, token }), next)
  })
  app.post('/print', pep.enforceEach(PRINTED), (req, res) => {
    res.json(itemsOf(req).map(({ decision }) => decision))
  })
  app.post('/print/dry-run', pep.dryRun(PRINTED))
}
