import { createServer } from 'node:http'
import process from 'node:process'
import { Fault } from '@mandate/protocol'
import express, { Router } from 'express'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createPep, type Pep } from './pep.ts'
import { problems, sendProblem } from './problem.ts'
import { listen, startTestIssuer, stop } from './testing.ts'

const PDP = 'http://127.0.0.1:9'
const SECRET_OF_ERROR = 'token-in-a-property'

async function serving(build: (app: express.Express, pep: Pep) => void) {
  const issuer = await startTestIssuer()
  const credentials = { clientId: 'notes', clientSecret: 'secret' }
  const pep = createPep({ issuer: issuer.issuer, audience: 'notes', pdpUrl: PDP, credentials })
  const app = express()
  build(app, pep)
  const server = createServer(app)
  const url = await listen(server)
  onTestFinished(async () => {
    await Promise.all([stop(server), pep.close(), issuer.close()])
  })
  const headers = { authorization: `Bearer ${await issuer.sign({ aud: 'notes' })}` }
  return { ask: (path: string, known = true) => fetch(url + path, known ? { headers } : {}) }
}

/** What was written to standard error, as lines of JSON. */
function heardOnStderr() {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(() => void write.mockRestore())
  return () => write.mock.calls.map(([line]) => JSON.parse(String(line)))
}

test('every 401 has its challenge, whoever answers it', async () => {
  const { ask } = await serving((app, pep) => {
    app.use('/known', pep.authenticate())
    const ended = () => {
      throw new Fault('unauthenticated', 'the session has ended')
    }
    app.get('/known/thrown', ended)
    app.get('/thrown', ended)
    const problem = { type: 'urn:x', title: 'No.', status: 401, code: 'unauthenticated' } as const
    app.get('/sent', (_req, res) => sendProblem(res, problem))
    app.use(problems())
  })
  const challenge = async (path: string, known?: boolean) => {
    const { status, headers } = await ask(path, known)
    return [status, headers.get('www-authenticate')]
  }
  expect(await challenge('/known/thrown')).toEqual([401, 'Bearer realm="notes", error="invalid_token"'])
  expect(await challenge('/known/thrown', false)).toEqual([401, 'Bearer realm="notes"'])
  expect(await challenge('/thrown')).toEqual([401, 'Bearer realm="service", error="invalid_token"'])
  expect(await challenge('/sent', false)).toEqual([401, 'Bearer realm="service"'])
})

test('an error of a handler is logged though no logger was given, without the properties of the error', async () => {
  const heard = heardOnStderr()
  const { ask } = await serving((app) => {
    app.get('/', () => {
      throw Object.assign(new TypeError('no such column'), { request: SECRET_OF_ERROR })
    })
    app.use(problems())
  })
  expect((await ask('/')).status).toBe(500)
  const [line] = heard()
  expect(line).toMatchObject({ level: 50, code: 'internal', err: { name: 'TypeError', message: 'no such column' } })
  expect(line.err.stack).toContain('problem.test.ts')
  expect(JSON.stringify(line)).not.toContain(SECRET_OF_ERROR)
})

test('a PDP that does not answer is logged though no logger was given', async () => {
  const heard = heardOnStderr()
  const { ask } = await serving((app, pep) => {
    app.use(pep.authenticate())
    app.get('/', pep.enforce({ action: 'read', resource: () => ({ type: 'note', id: 'n1' }) }), (_req, res) => {
      res.end()
    })
  })
  expect((await ask('/')).status).toBe(503)
  expect(heard()).toMatchObject([{ code: 'decision_unavailable', err: { message: expect.any(String) } }])
})

test('a Router that a function calls is not walked: what its guards let through becomes 404, and the log says why', async () => {
  const heard = heardOnStderr()
  const { ask } = await serving((app, pep) => {
    const hidden = Router().get('/hidden', pep.open('nobody looked at this route'), (_req, res) => void res.json({}))
    app.use((req, res, next) => hidden(req, res, next))
    app.get('/', pep.open('says that it is there'), (_req, res) => void res.json({}))
    pep.assertGuarded(app)
  })
  expect((await ask('/')).status).toBe(200)
  expect((await ask('/hidden')).status).toBe(404)
  expect(heard()).toMatchObject([
    { level: 40, code: 'unguarded_answer', msg: expect.stringContaining('a Router is mounted as it is') },
  ])
})

test('files are served from a route with open(), as the objection says', async () => {
  const { ask } = await serving((app, pep) => {
    app.get('/src/{*path}', pep.open('sources that anybody may read'), express.static('pep'))
    pep.assertGuarded(app)
  })
  expect((await ask('/src/assert-guarded.ts', false)).status).toBe(200)
  expect((await ask('/src/none.ts', false)).status).toBe(404)
})
