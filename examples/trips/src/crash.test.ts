/**
 * Trips is killed while it creates: whenever that is, the PDP knows in the end what trips knows, and nothing else.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { answering, sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from '@mandate/pep/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { owns } from './trips.harness.ts'

const MAIN = new URL('./main.ts', import.meta.url).pathname
let issuer: TestIssuer
let pdp: TestPdp
let folder: string
let child: ChildProcess | undefined
/** What the PDP has registered, as `type/id`. */
let registered: Set<string>
/** How many registrations the PDP still takes; then it keeps silent. */
let patience: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trips-'))
  registered = new Set()
  patience = Number.POSITIVE_INFINITY
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
  pdp.answerWith((asked, res) => {
    const resource = asked.path.split('/v1/resources/')[1]
    if (asked.method === 'PUT' && resource) {
      registered.add(resource)
      patience -= 1
      if (patience < 0) return
    }
    if (asked.method === 'DELETE' && resource) registered.delete(resource)
    if (asked.path === '/v1/erasures') return sendJson(res, 200, { items: [] })
    answering(owns)(asked, res)
  })
})
afterEach(async () => {
  await kill()
  await Promise.all([issuer.close(), pdp.close()])
  rmSync(folder, { recursive: true })
})

/** @returns its URL once it listens. */
async function startProcess(): Promise<string> {
  const env = {
    TRIPS_PORT: '0',
    TRIPS_ISSUER: issuer.issuer,
    TRIPS_CLIENT_SECRET: 'a secret for tests',
    TRIPS_PDP_URL: pdp.url,
    TRIPS_DATA_DIR: folder,
    TRIPS_HOUSEKEEPING_SECONDS: '1',
  }
  const started = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  child = started
  let said = ''
  for await (const chunk of started.stdout.setEncoding('utf8')) {
    said += String(chunk)
    const url = /"url":"(?<url>[^"]+)"/u.exec(said)?.groups?.['url']
    if (url) return url
  }
  throw new Error(`trips did not start: ${said}`)
}

async function kill(): Promise<void> {
  const killed = child
  child = undefined
  if (!killed || killed.exitCode !== null) return
  const ended = once(killed, 'exit')
  killed.kill('SIGKILL')
  await ended
}

async function create(url: string): Promise<Response> {
  const headers = {
    authorization: `Bearer ${await issuer.sign({ aud: 'trips' })}`,
    'content-type': 'application/json',
  }
  return await fetch(`${url}/workflows`, { method: 'POST', headers, body: JSON.stringify({ template: 'milan' }) })
}

/** What trips has in its database, as the PDP would name it; and what it still has to tell. */
function kept() {
  const db = new DatabaseSync(join(folder, 'trips.db'), { readOnly: true })
  const names = `SELECT 'workflow/' || id AS name FROM workflow UNION ALL SELECT 'workflow_item/' || id FROM item`
  const found = {
    names: new Set(
      db
        .prepare(names)
        .all()
        .map(({ name }) => name),
    ),
    left: db.prepare('SELECT * FROM outbox').all(),
  }
  db.close()
  return found
}

test.for([0, 1, 2, 3])(
  'killed when the PDP took %i of its four registrations: no orphan',
  { timeout: 60_000 },
  async (taken) => {
    const url = await startProcess()
    expect((await create(url)).status).toBe(201)
    patience = taken
    const cut = create(url).then(
      ({ status }) => status,
      () => 'cut off',
    )
    await expect.poll(() => patience).toBeLessThan(0)
    await kill()
    expect(await cut).toBe('cut off')
    expect(registered.size).toBeGreaterThan(4)
    patience = Number.POSITIVE_INFINITY
    await startProcess()
    await expect.poll(() => registered.size).toBe(4)
    await kill()
    expect(kept()).toEqual({ names: registered, left: [] })
  },
)

test('killed, and the PDP is away when it comes back: the outbox waits for it', { timeout: 60_000 }, async () => {
  const url = await startProcess()
  patience = 2
  void create(url).catch(() => undefined)
  await expect.poll(() => patience).toBeLessThan(0)
  await kill()
  const heard = pdp.asked.length
  pdp.answerWith((_asked, res) => sendJson(res, 503, {}))
  await startProcess()
  expect(registered.size).toBeGreaterThan(0)
  pdp.answerWith((asked, res) => {
    if (asked.method === 'DELETE') registered.delete(asked.path.split('/v1/resources/')[1] ?? '')
    answering(owns)(asked, res)
  })
  await expect.poll(() => registered.size, { timeout: 20_000 }).toBe(0)
  expect(pdp.asked.slice(heard).some(({ method }) => method === 'PUT')).toBe(false)
  await kill()
  expect(kept()).toEqual({ names: new Set(), left: [] })
})
