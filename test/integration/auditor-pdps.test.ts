/**
 * Two PDPs, each with a log of its own, on one index: the auditor's server and command line show and prove every entry, without a word about which PDP
 * wrote it (rule L9).
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Listener, serve } from '@mandate/service'
import { type Postgres, startPostgres } from '@mandate/stack'
import { checkProof, headOf, pinnedKeys } from '@mandate/ui'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { run } from '../../auditor/src/cli.ts'
import { createApp } from '../../auditor/src/server/app.ts'
import { createIdentity } from '../../auditor/src/server/identity.ts'
import { createPdps } from '../../auditor/src/server/pdps.ts'
import { createSessions } from '../../auditor/src/server/sessions.ts'
import { LOG_PLACE } from '../../auditor/src/server/sign-in.ts'
import { createSignInStates } from '../../auditor/src/server/sign-in-state.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'
import { World } from '../fixtures/world.ts'

const ORIGINS = ['one.invalid/log', 'other.invalid/log']
let postgres: Postgres
let one: TestPdp
let other: TestPdp
let token: string
let folder: string
/** File with the verifier keys of both logs. */
let pins: string
let auditor: Listener
let cookie: string
/** Decisions of both PDPs, in the order of {@link ORIGINS}. */
let ids: readonly [string, string]

beforeAll(async () => {
  postgres = await startPostgres()
  const openFga = inject('openFga')
  const env = { PDP_INDEX_URL: postgres.url, PDP_PERSON_PER_MINUTE: '60000' }
  one = await startTestPdp({ openFga, env: { ...env, PDP_LOG_ORIGIN: ORIGINS[0] ?? '' } })
  other = await startTestPdp({
    openFga,
    env: { ...env, PDP_LOG_ORIGIN: ORIGINS[1] ?? '' },
    issuer: one.issuer,
  })
  folder = await mkdtemp(join(tmpdir(), 'mandate-audit-'))
  token = await one.issuer.token({ ...AUDITOR })
  const keys = await Promise.all([one, other].map(({ dataDir }) => readFile(join(dataDir, 'log.vkey'), 'utf8')))
  pins = join(folder, 'pins')
  await writeFile(pins, keys.map((key) => `${key.trim()}\n`).join(''))
  await startServer()
  ids = [await aDenial(one), await aDenial(other)]
  for (const id of ids)
    await vi.waitFor(async () => expect((await page(`/decisions/${id}`)).status).toBe(200), { timeout: 20_000 })
}, 120_000)
afterAll(async () => {
  await auditor?.close()
  await other?.stop()
  await one?.stop()
  await postgres?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** The auditor's server with a session of the auditor, as after a sign-in. */
async function startServer(): Promise<void> {
  const publicUrl = 'http://127.0.0.1'
  const identity = createIdentity({
    issuer: one.issuer.issuer,
    clientId: 'auditor',
    clientSecrets: () => ['a secret for tests'],
    scope: 'audit',
    stepUpAcr: '2',
    redirectUri: `${publicUrl}/callback`,
    signedOutUri: `${publicUrl}/logged-out`,
    fetch,
  })
  const sessions = createSessions(identity)
  const tokens = { subject: AUDITOR.sub, access: token, refresh: 'r', idToken: 'i', expiresAt: Date.now() + 3_600_000 }
  cookie = `${LOG_PLACE.sessionCookie}=${sessions.open(tokens)}`
  const app = createApp({
    identity,
    sessions,
    pending: createSignInStates(),
    console: undefined,
    publicUrl,
    secondFactor: [],
    pdps: createPdps([one.pdp.url, other.pdp.url], fetch),
    logKeys: (await readFile(pins, 'utf8')).trim().split('\n'),
    logger: pino({ level: 'silent' }),
    pageDir: folder,
    addressPerSecond: 1_000,
    concurrent: 64,
  })
  auditor = await serve(app, { host: '127.0.0.1', port: 0 })
}

/** What the page asks its server. */
const page = (path: string): Promise<Response> => fetch(`${auditor.url}/api${path}`, { headers: { cookie } })
const keys = async () => pinnedKeys((await (await page('/session')).json()).keys)

/** An entry that no circle or grant is needed for: a denial. */
async function aDenial(pdp: TestPdp): Promise<string> {
  const { headers } = await new World(pdp).ask({ subject: 'A', action: 'read', trip: 'none' })
  return headers.get('x-evaluation-id') ?? expect.unreachable('no id')
}

/** `mandate-audit` at PDPs. */
async function ran(argv: readonly string[], ...at: readonly TestPdp[]): Promise<{ code: number; err: string }> {
  let err = ''
  const io = {
    out: () => undefined,
    err: (text: string) => {
      err += text
    },
    environment: { MANDATE_TOKEN: token },
  }
  return { code: await run([...argv, ...at.flatMap(({ pdp }) => ['--url', pdp.url])], io), err }
}

test('the page shows the entries of both logs, and verifies the proof of each', async () => {
  for (const [at, id] of ids.entries()) {
    const entry = await (await page(`/decisions/${id}`)).json()
    expect(entry.origin).toBe(ORIGINS[at])
    const proof = await (await page(`/decisions/${id}/proof`)).text()
    expect(proof).toContain(`\n${ORIGINS[at]}\n`)
    expect((await checkProof(entry, proof, await keys())).verdict).toBe('holds')
  }
  expect((await (await page('/overview?kind=evaluation')).json()).total).toBe(2)
})

test('the page shows every log by its origin, each verified by its own key', async () => {
  const { logs } = await (await page('/logs')).json()
  const pinned = await keys()
  const heads = await Promise.all(logs.map(({ checkpoint }: { checkpoint: string }) => headOf(checkpoint, pinned)))
  expect(heads).toMatchObject(ORIGINS.map((origin) => ({ origin, signature: { outcome: 'holds' } })))
  const ofOne = await Promise.all(
    logs.map(({ checkpoint }: { checkpoint: string }) => headOf(checkpoint, pinned.slice(0, 1))),
  )
  expect(ofOne.map(({ signature }) => signature.outcome)).toEqual(['holds', 'fails'])
})

test('prove finds the PDP of each entry, and verify takes the keys of both logs', async () => {
  const [proof, entry] = [join(folder, 'proof'), join(folder, 'entry.json')]
  for (const id of ids) {
    const written = ['prove', id, '--key', pins, '--out', proof, '--entry-out', entry]
    expect(await ran(written, one, other)).toEqual({ code: 0, err: '' })
    expect(await ran(['verify', '--proof', proof, '--entry', entry, '--key', pins])).toEqual({ code: 0, err: '' })
  }
})

test('prove at a PDP that does not write the log names the log and the option that helps', async () => {
  expect(await ran(['prove', ids[0], '--out', join(folder, 'none')], other)).toEqual({
    code: 65,
    err: expect.stringMatching(/one\.invalid\/log.*Give --url once for each PDP/u),
  })
})

test('without one PDP its entries are shown, its log is not, and its proofs are unavailable, not refused', async () => {
  await one.pdp.close()
  try {
    for (const id of ids) expect((await page(`/decisions/${id}`)).status).toBe(200)
    const { logs } = await (await page('/logs')).json()
    expect(logs).toEqual([{}, { checkpoint: expect.stringContaining(`${ORIGINS[1]}\n`) }])
    expect((await page(`/decisions/${ids[1]}/proof`)).status).toBe(200)
    expect((await page(`/decisions/${ids[0]}/proof`)).status).toBe(503)
    expect((await ran(['show', ids[0]], one, other)).code).toBe(0)
    expect((await ran(['prove', ids[0], '--out', join(folder, 'none')], one, other)).code).toBe(69)
  } finally {
    await one.restart()
  }
})
