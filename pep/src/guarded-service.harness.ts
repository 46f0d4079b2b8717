/**
 * For the tests of the guards: a service with one route a guard, its issuer and its PDP.
 *
 * @module
 */
import { createServer } from 'node:http'
import express, { type Express, type RequestHandler } from 'express'
import { authzOf } from './authz.ts'
import { createPep, type Pep } from './pep.ts'
import { problems } from './problem.ts'
import { quiet } from './quiet.fixture.ts'
import { listen, startTestIssuer, startTestPdp, stop, type TestIssuer, type TestPdp } from './testing.ts'

interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

export interface GuardedService {
  readonly issuer: TestIssuer
  readonly pdp: TestPdp
  /** `/items/:id` enforces, `/all` enforces each of three, `/dry-run` asks about the same. As carlo at `desktop`, unless claims differ. */
  readonly post: (path: string, claims?: object, headers?: Readonly<Record<string, string>>) => Promise<Reply>
  /** How often a protected handler ran. */
  readonly ran: () => number
  readonly close: () => Promise<void>
}

const item = (id: string) => ({ type: 'workflow_item', id, properties: { risk: 2 } })

/** `timeoutMs`: short where a test waits for it, long where it must never be reached. */
export async function startGuardedService(timeoutMs = 5_000): Promise<GuardedService> {
  const issuer = await startTestIssuer()
  const pdp = await startTestPdp()
  const credentials = { clientId: 'trips', clientSecret: 'a secret' }
  const pep = createPep({
    issuer: issuer.issuer,
    audience: 'trips',
    pdpUrl: pdp.url,
    credentials,
    timeoutMs,
    logger: quiet,
  })
  let ran = 0
  const server = createServer(
    service(pep, () => {
      ran += 1
    }),
  )
  const url = await listen(server)
  return {
    issuer,
    pdp,
    ran: () => ran,
    post: async (path, claims = {}, headers = {}) => {
      const token = await issuer.sign({ aud: 'trips', ...claims })
      const init = { method: 'POST', headers: { authorization: `Bearer ${token}`, ...headers } }
      const response = await fetch(url + path, init)
      const body = (await response.json()) as Record<string, unknown>
      return { status: response.status, headers: response.headers, body }
    },
    close: async () => {
      await Promise.all([stop(server), pdp.close(), issuer.close()])
      await pep.close()
    },
  }
}

function service(pep: Pep, onRun: () => void): Express {
  const done: RequestHandler = (req, res) => {
    onRun()
    const { outcome, items } = authzOf(req)
    res.json({
      outcome,
      items: items?.map(({ resource, decision, reason }) => ({ id: resource.id, decision, reason })),
    })
  }
  const app = express()
  app.use(pep.authenticate())
  app.post('/items/:id', pep.enforce({ action: 'execute', resource: (req) => item(String(req.params['id'])) }), done)
  const three = { action: 'execute', resources: () => ['a', 'b', 'c'].map(item) }
  app.post('/all', pep.enforceEach(three), done)
  app.post('/dry-run', pep.dryRun(three))
  app.use(problems())
  pep.assertGuarded(app)
  return app
}
