import { createServer } from 'node:http'
import { Fault } from '@mandate/protocol'
import type express from 'express'
import { accessTokenOf, authzOf, foundOf, itemsOf, permitOf } from './authz.ts'
import {
  ACTIONS,
  BODY_LIMIT,
  BUG,
  decisionsOf,
  type Framework,
  idOf,
  note,
  PRINTED,
  SECRET,
} from './framework.harness.ts'
import type { PepOptions } from './options.ts'
import { createPep, type Pep } from './pep.ts'
import { problems } from './problem.ts'
import { listen, stop } from './testing.ts'

/** Express 4 and 5 have the same harness. */
export function expressFramework(name: string, library: typeof express): Framework {
  return {
    name,
    serve: async (options, withBareRoute = false) => {
      const pep = createPep(options)
      const server = createServer(serviceOf(pep, library, options, withBareRoute))
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

function serviceOf(pep: Pep, library: typeof express, options: PepOptions, withBareRoute: boolean): express.Express {
  const app = library()
  const why = 'nothing is decided here'
  app.get('/livez', pep.open(why), (_req, res) => void res.json({ status: 'ok' }))
  app.get('/fails', pep.open(why), () => {
    throw new TypeError(BUG)
  })
  app.get('/conflict', pep.open(why), () => {
    throw new Fault('conflict', 'words for the log', { detail: 'Taken.' })
  })
  if (withBareRoute) app.get('/bare', (_req, res) => void res.json(SECRET))
  app.use((req, res, next) => (req.path === '/stray' ? void res.json(SECRET) : next()))
  app.use(pep.authenticate(), library.json({ limit: BODY_LIMIT }))
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
