import Fastify from 'fastify'
import { accessTokenOf, authzOf, createPep, foundOf, itemsOf, permitOf } from './fastify.ts'
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
  urlOf,
} from './framework.harness.ts'

export const fastifyFramework: Framework = {
  name: 'Fastify 5',
  serve: async (options, withBareRoute = false) => {
    const pep = createPep(options)
    const app = Fastify({ bodyLimit: BODY_LIMIT })
    pep.protect(app)
    app.addHook('onRequest', async (req, reply) => (req.url === '/stray' ? reply.send(SECRET) : undefined))
    const open = { preHandler: pep.open('nothing is decided here') }
    app.get('/livez', open, async () => ({ status: 'ok' }))
    app.get('/fails', open, async () => {
      throw new TypeError(BUG)
    })
    app.get('/conflict', open, async () => await CALL.run().then(() => ({})))
    if (withBareRoute) app.get('/bare', async () => SECRET)
    const read = {
      action: 'read',
      resource: (req: { readonly params: { readonly id: string } }) => note(req.params.id),
    }
    app.get('/notes', { preHandler: pep.filter({ action: 'read', type: 'note' }) }, async (req) => foundOf(req))
    const create = pep.enforce({ action: 'create', resource: (req) => note(idOf(req.body)) })
    app.post('/notes', { preHandler: create }, async (req) => ({ id: permitOf(req).resource.id }))
    app.get('/notes/:id', { preHandler: pep.enforce('/notes/:id', read) }, async (req) => {
      const { subject, actor, outcome } = authzOf(req)
      return { id: outcome?.resource.id, subject, actor }
    })
    const inPerson = pep.enforce('/private/:id', { ...read, inPersonOnly: true })
    app.get('/private/:id', { preHandler: inPerson }, async () => ({}))
    app.get('/buttons/:id', { preHandler: pep.enforce('/buttons/:id', read) }, async (req) =>
      decisionsOf(await pep.decideActions(req, { actions: ACTIONS, resource: permitOf(req).resource })),
    )
    app.get('/links/:id', { preHandler: pep.enforce('/links/:id', read) }, async (req) => {
      const { resource } = permitOf(req)
      return { edit: await pep.can(req, { action: 'edit', resource }), token: accessTokenOf(req) !== '' }
    })
    app.post('/print', { preHandler: pep.enforceEach(PRINTED) }, async (req) =>
      itemsOf(req).map(({ decision }) => decision),
    )
    app.post('/print/dry-run', pep.dryRun(PRINTED))
    const close = async () => {
      app.server.closeAllConnections()
      await Promise.all([app.close(), pep.close()])
    }
    try {
      await app.listen({ host: '127.0.0.1', port: 0 })
    } catch (error) {
      await close()
      throw error
    }
    return { url: urlOf(app.server.address()), close }
  },
}
