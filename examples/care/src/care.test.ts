/**
 * A service that has nothing of a trip: what it needs of Mandate is the PEP and the names of its own pack.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listener } from '@mandate/pep/service'
import { answering, sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from '@mandate/pep/testing'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { startCare } from './start.ts'

let issuer: TestIssuer
let pdp: TestPdp
let care: Listener
let folder: string

interface Question {
  readonly resource: unknown
}
const owns = { decision: true, context: { reason: 'owner', owner: 'user:carlo', owner_persona: 'patient/home' } }
/** As a PDP whose patient allows agents half an hour would. */
const withLimit = ({ resource }: Question) => {
  const { properties } = resource as { readonly properties?: { readonly effort?: number } }
  return (properties?.effort ?? 0) > 30 ? { decision: false, context: { reason: 'effort_above_limit' } } : owns
}

const start = async () => {
  const env = { CARE_PORT: '0', CARE_ISSUER: issuer.issuer, CARE_CLIENT_SECRET: 'a secret for tests' }
  care = await startCare(
    readConfig({ ...env, CARE_PDP_URL: pdp.url, CARE_DATA_DIR: folder }),
    pino({ level: 'silent' }),
  )
}
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'care-'))
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
  pdp.answerWith(answering(() => owns))
  await start()
})
afterEach(async () => {
  await care.close()
  await Promise.all([pdp.close(), issuer.close()])
  rmSync(folder, { recursive: true })
})

async function call(method: string, path: string, claims: object = {}) {
  const headers = { authorization: `Bearer ${await issuer.sign({ aud: 'care', ...claims })}` }
  const response = await fetch(care.url + path, { method, headers })
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers by path and assert on every step of it
  return { status: response.status, body: (await response.json()) as any }
}
const agent = { sub: 'nina', azp: 'care-agent' }

test('a plan is the patient’s, registered with its tasks, in the words of the nursing pack', async () => {
  const { status, body } = await call('POST', '/plans')
  expect(status).toBe(201)
  expect(pdp.asked.filter(({ method }) => method === 'PUT')).toMatchObject([
    { path: `/v1/resources/care_plan/${body.id}`, body: { owner: 'user:carlo', owner_persona: 'patient/home' } },
    ...body.tasks.map(({ id }: { readonly id: string }) => ({
      path: `/v1/resources/care_task/${id}`,
      body: { parent: `care_plan:${body.id}` },
    })),
  ])
  expect(pdp.asked.find(({ path }) => path.endsWith('/evaluation'))?.body).toMatchObject({
    action: { name: 'create' },
    resource: { type: 'care_account', id: 'carlo' },
  })
})

test('each task is decided on its own, with the ward’s figures; what is permitted is done once', async () => {
  const { id } = (await call('POST', '/plans')).body
  pdp.answerWith(answering(withLimit))
  const { body } = await call('POST', `/plans/${id}/execute`, agent)
  expect(body.items).toMatchObject([
    { decision: true, effect: 'done' },
    { decision: true, effect: 'done' },
    { decision: false, reason: 'effort_above_limit', effect: 'none' },
  ])
  const again = await call('POST', `/plans/${id}/execute`, agent)
  expect(again.body.items.map(({ effect }: { readonly effect: string }) => effect)).toEqual([
    'unchanged',
    'unchanged',
    'none',
  ])
  const { tasks } = (await call('GET', `/plans/${id}`)).body
  expect(tasks.map(({ done_at }: { readonly done_at: string | null }) => done_at !== null)).toEqual([true, true, false])
  expect((await call('POST', `/plans/${id}/tasks/${tasks[2].id}/execute`, agent)).status).toBe(403)
})

test('a dry run carries nothing out', async () => {
  const { id } = (await call('POST', '/plans')).body
  expect((await call('POST', `/plans/${id}/dry-run`, agent)).body.items).toHaveLength(3)
  expect((await call('GET', `/plans/${id}`)).body.tasks[0].done_at).toBeNull()
})

test('the list holds what the PDP finds', async () => {
  const { id } = (await call('POST', '/plans')).body
  pdp.answerWith((_asked, res) =>
    sendJson(res, 200, {
      results: [
        { type: 'care_plan', id },
        { type: 'care_plan', id: 'gone' },
      ],
    }),
  )
  expect((await call('GET', '/plans')).body.items).toMatchObject([{ id, owner: 'user:carlo' }])
})

test('a plan that could not be registered is not seen, and is registered at the next start', async () => {
  let taken = 2
  pdp.answerWith((asked, res) => {
    if (asked.method === 'PUT') taken -= 1
    return taken < 0 ? sendJson(res, 503, {}) : answering(() => owns)(asked, res)
  })
  expect((await call('POST', '/plans')).status).toBe(503)
  const id = pdp.asked
    .find(({ method }) => method === 'PUT')
    ?.path.split('/')
    .at(-1)
  pdp.answerWith(answering(() => owns))
  expect((await call('GET', `/plans/${id}`)).status).toBe(404)
  await care.close()
  await start()
  expect((await call('GET', `/plans/${id}`)).body.tasks).toHaveLength(3)
})

test('with no PDP nothing is done', async () => {
  const { id } = (await call('POST', '/plans')).body
  pdp.answerWith((_asked, res) => sendJson(res, 500, {}))
  expect((await call('POST', `/plans/${id}/execute`, agent)).status).toBe(503)
})

test('a patient is forgotten at the PDP’s word: at the PDP first, then here, then it is acknowledged', async () => {
  const { id } = (await call('POST', '/plans')).body
  pdp.answerWith(answering(() => ({ ...owns, context: { ...owns.context, owner: 'user:mia' } })))
  const hers = (await call('POST', '/plans', { sub: 'mia' })).body
  await care.close()
  let erasedAt = Date.now() - 60_000
  let removals = 'refused'
  const told: string[] = []
  pdp.answerWith((asked, res) => {
    if (asked.path === '/v1/erasures') {
      const notice = { id: '01K00000000000000000000000', issuer: issuer.issuer, sub: 'carlo' }
      return sendJson(res, 200, { items: [{ ...notice, erased_at: new Date(erasedAt).toISOString() }] })
    }
    if (asked.method === 'DELETE' && removals === 'refused') return sendJson(res, 503, {})
    if (asked.method === 'DELETE' || asked.path.endsWith('/acknowledge')) told.push(asked.path.split('/').at(-1) ?? '')
    return answering(() => owns)(asked, res)
  })
  await start()
  expect([told, (await call('GET', `/plans/${id}`)).status]).toEqual([['acknowledge'], 200])
  await care.close()
  erasedAt = Date.now()
  told.length = 0
  await start()
  expect([told, (await call('GET', `/plans/${id}`)).status]).toEqual([[], 200])
  await care.close()
  removals = 'taken'
  await start()
  expect(told.slice(-2)).toEqual([id, 'acknowledge'])
  expect(told).toHaveLength(5)
  expect((await call('GET', `/plans/${id}`)).status).toBe(404)
  expect((await call('GET', `/plans/${hers.id}`)).status).toBe(200)
})
