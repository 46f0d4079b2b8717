import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
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
import { accessTokenOf, authzOf, createPep, foundOf, itemsOf, permitOf } from './hono.ts'
import { stop } from './testing.ts'

export const honoFramework: Framework = {
  name: 'Hono 4',
  serve: async (options, withBareRoute = false) => {
    const pep = createPep(options)
    const app = new Hono()
    const open = pep.open('nothing is decided here')
    const onError = () => {
      throw new HTTPException(413, { message: `The body may take ${BODY_LIMIT} bytes.` })
    }
    app.use('*', bodyLimit({ maxSize: BODY_LIMIT, onError }))
    app.use('*', async (c, next) => (c.req.path === '/stray' ? c.json(SECRET) : await next()))
    app.get('/livez', open, (c) => c.json({ status: 'ok' }))
    app.get('/fails', open, () => {
      throw new TypeError(BUG)
    })
    app.get('/conflict', open, async (c) => {
      await CALL.run()
      return c.json({})
    })
    if (withBareRoute) app.get('/bare', (c) => c.json(SECRET))
    const read = (path: '/notes/:id' | '/private/:id' | '/buttons/:id' | '/links/:id', inPersonOnly = false) =>
      pep.enforce(path, { action: 'read', resource: (c) => note(c.req.param('id')), inPersonOnly })
    app.get('/notes', pep.filter({ action: 'read', type: 'note' }), (c) => c.json(foundOf(c)))
    const create = pep.enforce({ action: 'create', resource: async (c) => note(idOf(await c.req.json())) })
    app.post('/notes', create, (c) => c.json({ id: permitOf(c).resource.id }))
    app.get('/notes/:id', read('/notes/:id'), (c) => {
      const { subject, actor } = authzOf(c)
      return c.json({ id: c.req.param('id'), subject, actor })
    })
    app.get('/private/:id', read('/private/:id', true), (c) => c.json({}))
    app.get('/buttons/:id', read('/buttons/:id'), async (c) =>
      c.json(decisionsOf(await pep.decideActions(c, { actions: ACTIONS, resource: note(c.req.param('id')) }))),
    )
    app.get('/links/:id', read('/links/:id'), async (c) => {
      const edit = await pep.can(c, { action: 'edit', resource: note(c.req.param('id')) })
      return c.json({ edit, token: accessTokenOf(c) !== '' })
    })
    app.post('/print', pep.enforceEach(PRINTED), (c) => c.json(itemsOf(c).map(({ decision }) => decision)))
    app.post('/print/dry-run', pep.dryRun(PRINTED))
    pep.assertGuarded(app)
    const server = await new Promise<Server>((resolve) => {
      const listening = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, () => resolve(listening as Server))
    })
    return {
      url: urlOf(server.address()),
      close: async () => {
        await Promise.all([stop(server), pep.close()])
      },
    }
  },
}
