import 'reflect-metadata'
import { Controller, Get, HttpCode, type INestApplication, Module, Post, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { NextFunction, Request, Response } from 'express'
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
import {
  accessTokenOf,
  authzOf,
  createPep,
  foundOf,
  itemsOf,
  type NestPep,
  type NestRequest,
  permitOf,
} from './nest.ts'

/** Node runs TypeScript without decorators, so they are applied as the functions that they are. */
interface Route {
  readonly method: string
  readonly decorators: readonly MethodDecorator[]
  readonly run: (req: NestRequest) => unknown
}

function routesOf(pep: NestPep): readonly Route[] {
  const open = pep.open('nothing is decided here')
  const read = (more: object = {}) =>
    pep.enforce({ action: 'read', resource: (req) => note(req.params['id'] ?? ''), ...more })
  const ok = (method: string) => [Post(method), httpOk] as const
  return [
    { method: 'livez', decorators: [Get('livez'), open], run: () => ({ status: 'ok' }) },
    { method: 'fails', decorators: [Get('fails'), open], run: () => thrown(new TypeError(BUG)) },
    {
      method: 'conflict',
      decorators: [Get('conflict'), open],
      run: () => CALL.run().then(() => ({})),
    },
    { method: 'list', decorators: [Get('notes'), pep.filter({ action: 'read', type: 'note' })], run: foundOf },
    {
      method: 'create',
      decorators: [...ok('notes'), pep.enforce({ action: 'create', resource: (req) => note(idOf(req.body)) })],
      run: (req) => ({ id: permitOf(req).resource.id }),
    },
    {
      method: 'show',
      decorators: [Get('notes/:id'), read()],
      run: (req) => ({ id: req.params['id'], subject: authzOf(req).subject, actor: authzOf(req).actor }),
    },
    { method: 'showPrivate', decorators: [Get('private/:id'), read({ inPersonOnly: true })], run: () => ({}) },
    {
      method: 'buttons',
      decorators: [Get('buttons/:id'), read()],
      run: async (req) =>
        decisionsOf(await pep.decideActions(req, { actions: ACTIONS, resource: permitOf(req).resource })),
    },
    {
      method: 'links',
      decorators: [Get('links/:id'), read()],
      run: async (req) => ({
        edit: await pep.can(req, { action: 'edit', resource: permitOf(req).resource }),
        token: accessTokenOf(req) !== '',
      }),
    },
    {
      method: 'print',
      decorators: [...ok('print'), pep.enforceEach(PRINTED)],
      run: (req) => itemsOf(req).map(({ decision }) => decision),
    },
    { method: 'dryRun', decorators: [Post('print/dry-run'), pep.dryRun(PRINTED)], run: () => SECRET },
  ]
}

const httpOk: MethodDecorator = HttpCode(200)

function thrown(error: Error): never {
  throw error
}

function moduleOf(pep: NestPep, routes: readonly Route[]) {
  class Notes {}
  const prototype = Notes.prototype as unknown as Record<string, unknown>
  for (const { method, decorators, run } of routes) {
    prototype[method] = (req: NestRequest) => run(req)
    Req()(prototype, method, 0)
    const descriptor = Object.getOwnPropertyDescriptor(prototype, method)
    for (const decorate of decorators) decorate(prototype, method, descriptor as never)
  }
  Controller()(Notes)
  class App {}
  Module({ imports: [pep.module()], controllers: [Notes] })(App)
  return App
}

export function nestFramework(platform: 'Express' | 'Fastify'): Framework {
  return {
    name: `NestJS 12 on ${platform}`,
    serve: async (options, withBareRoute = false) => {
      const pep = createPep(options)
      const bare = { method: 'bare', decorators: [Get('bare')], run: () => SECRET }
      const module = moduleOf(pep, [...routesOf(pep), ...(withBareRoute ? [bare] : [])])
      const app = await (platform === 'Express' ? onExpress(module) : onFastify(module))
      const close = async () => {
        app.getHttpServer().closeAllConnections()
        await Promise.all([app.close(), pep.close()])
      }
      try {
        await app.listen(0, '127.0.0.1')
      } catch (error) {
        await close()
        throw error
      }
      return { url: urlOf(app.getHttpServer().address()), close }
    },
  }
}

async function onExpress(module: new () => object): Promise<INestApplication> {
  const app = await NestFactory.create<NestExpressApplication>(module, new ExpressAdapter(), SILENT)
  app.useBodyParser('json', { limit: BODY_LIMIT })
  app.use((req: Request, res: Response, next: NextFunction) => (req.path === '/stray' ? res.json(SECRET) : next()))
  return app
}

async function onFastify(module: new () => object): Promise<INestApplication> {
  const adapter = new FastifyAdapter({ bodyLimit: BODY_LIMIT })
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, SILENT)
  adapter
    .getInstance()
    .addHook('onRequest', async (req, reply) => (req.url === '/stray' ? reply.send(SECRET) : undefined))
  return app
}

const SILENT = { logger: false, abortOnError: false, bodyParser: true } as const
