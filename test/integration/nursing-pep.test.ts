/**
 * Nursing from end to end: a ward's service behind the enforcement point, a real PDP, its log. The story is travel's, told by a domain that no
 * code knows: a patient lets a nurse, the nurse lets her agent; two tasks are carried out and one is denied; the grant is taken back.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { authzOf, createPdpAdmin, createPep, disclosed, type Pep, problems, type Resource } from '@mandate/pep'
import express, { type Express } from 'express'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'

const HOUR_MS = 3_600_000
const MINUTES = { washing: 10, medication: 5, walk: 45 } as const
const patient: TokenClaims = { sub: 'sub-of-paul', azp: 'desktop' }
const nurse: TokenClaims = { sub: 'sub-of-nina', azp: 'desktop' }
const stranger: TokenClaims = { sub: 'sub-of-sam', azp: 'desktop' }
/** The nurse's token, narrowed to the ward's service and brought by her agent. */
const agentForNurse: TokenClaims = { sub: 'sub-of-nina', azp: 'care-agent' }
const staff = (role: string): TokenClaims => ({ sub: `staff-${role}`, azp: 'desktop', roles: [role] })

let tpdp: TestPdp
let pep: Pep
let server: Server
let grant: string
const carriedOut: string[] = []

const plan = (id: string): Resource => ({ type: 'care_plan', id })
/** Effort, due time and risk are the ward's own records; a caller cannot say otherwise. */
const task = (name: string): Resource => ({
  type: 'care_task',
  id: `plan-1-${name}`,
  properties: {
    effort: MINUTES[name as keyof typeof MINUTES],
    due_at: new Date(tpdp.now() + 5 * HOUR_MS).toISOString(),
    risk: 1,
  },
})

/** The ward's service: all that it does about authority is to name who, what and on what. */
function ward(): Express {
  const app = express()
  app.use(pep.authenticate())
  app.get(
    '/plans/:id',
    pep.enforce({ action: 'read', resource: (req) => plan(String(req.params['id'])) }),
    (_req, res) => {
      res.json({ tasks: Object.keys(MINUTES) })
    },
  )
  app.post(
    '/tasks/:name/execute',
    pep.enforce({ action: 'execute', resource: (req) => task(String(req.params['name'])) }),
    (req, res) => {
      carriedOut.push(String(req.params['name']))
      res.json({ done: req.params['name'], reason: authzOf(req).outcome?.reason })
    },
  )
  const all = () => Object.keys(MINUTES).map(task)
  app.post('/run', pep.enforceEach({ action: 'execute', resources: all }), (req, res) => {
    const { items = [], ...authz } = authzOf(req)
    for (const { decision, resource } of items) if (decision) carriedOut.push(resource.id.slice('plan-1-'.length))
    res.json({ items: items.map((item) => disclosed(item, authz)) })
  })
  app.use(problems())
  pep.assertGuarded(app)
  return app
}

async function call(method: string, path: string, as: TokenClaims, persona?: string) {
  const { port } = server.address() as AddressInfo
  const headers = {
    authorization: `Bearer ${await tpdp.issuer.token({ ...as, aud: 'care' })}`,
    ...(persona ? { 'mandate-persona': persona } : {}),
  }
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

const asNurse = (method: string, path: string) => call(method, path, nurse, 'nurse/ward-3')
const asAgent = (method: string, path: string) => call(method, path, agentForNurse, 'nurse/ward-3')

async function done(method: string, path: string, as: TokenClaims, body: unknown) {
  const answer = await tpdp.call(method, path, { as, body })
  expect(answer.status, answer.text).toBeLessThan(300)
  return answer.body
}

beforeAll(async () => {
  const env = { PDP_SERVICES: 'care=care_plan+care_task+care_account' }
  tpdp = await startTestPdp({ openFga: inject('openFga'), env })
  const service = {
    issuer: tpdp.issuer.issuer,
    pdpUrl: tpdp.pdp.url,
    credentials: { clientId: 'care', clientSecret: 'secret' },
    timeoutMs: 10_000,
  }
  pep = createPep({ ...service, audience: 'care' })
  server = createServer(ward())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))

  const limits = { effort: { at_most: 30 }, lead_time: { at_least: 3_600 }, risk: { at_most: 3 } }
  await done('POST', '/v1/personas', patient, { title: 'patient', circle: 'home', autonomy: { consent: true, limits } })
  const { id } = await done('POST', '/v1/personas', nurse, { title: 'nurse', circle: 'ward-3' })
  await done('PATCH', `/v1/personas/${id}`, staff('persona-admin'), { status: 'active' })
  await done('POST', '/v1/agents', staff('operator'), { id: 'care-agent' })

  const admin = createPdpAdmin(service)
  await admin.register({ ...plan('plan-1'), owner: `user:${patient.sub}`, owner_persona: 'patient/home' })
  for (const name of Object.keys(MINUTES))
    await admin.register({ type: 'care_task', id: task(name).id, parent: 'care_plan:plan-1' })
  await admin.close()
})
afterAll(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined))
  await pep?.close()
  await tpdp?.stop()
})

test('the patient sees their plan; a nurse whom they have not let in does not, and nor does her agent', async () => {
  expect(await call('GET', '/plans/plan-1', patient, 'patient/home')).toMatchObject({ status: 200 })
  expect(await asNurse('GET', '/plans/plan-1')).toMatchObject({ status: 403, body: { code: 'no_grant' } })
  expect(await asAgent('POST', '/tasks/washing/execute')).toMatchObject({ status: 403, body: { code: 'no_grant' } })
  expect(carriedOut).toEqual([])
})

test('the patient lets the nurse, the nurse lets her agent: two tasks are carried out, one takes too much effort', async () => {
  const given = { actions: ['execute'], scope: 'care_plan:plan-1' }
  const toNurse = { ...given, delegate: `user:${nurse.sub}`, delegator_persona: 'patient/home', redelegations: 1 }
  grant = (await done('POST', '/v1/grants', patient, toNurse)).id
  const toAgent = { ...given, delegate: 'agent:care-agent', delegator_persona: 'nurse/ward-3', parent: grant }
  await done('POST', '/v1/grants', nurse, toAgent)

  const { status, body } = await asAgent('POST', '/run')
  expect(status).toBe(200)
  const chain = [
    { delegator: `user:${patient.sub}`, delegate: `user:${nurse.sub}` },
    { delegator: `user:${nurse.sub}`, delegate: 'agent:care-agent' },
  ]
  expect(body.items).toMatchObject([
    { resource: { id: 'plan-1-washing' }, decision: true, reason: 'delegated', chain },
    { resource: { id: 'plan-1-medication' }, decision: true, reason: 'delegated', chain },
    { resource: { id: 'plan-1-walk' }, decision: false, reason: 'effort_above_limit', chain },
  ])
  expect(carriedOut).toEqual(['washing', 'medication'])
  // How much the patient allows is not the agent's to know.
  expect(body.items[2].reasons).toEqual([expect.not.objectContaining({ limit: expect.anything() })])
})

test('the walk is the nurse`s to take: the patient`s limits bind agents', async () => {
  expect(await asNurse('POST', '/tasks/walk/execute')).toMatchObject({ status: 200, body: { reason: 'delegated' } })
  expect(carriedOut).toEqual(['washing', 'medication', 'walk'])
})

test('every answer stands in the log under its id, with its chain, and nobody`s sub', async () => {
  const { status, headers } = await asAgent('POST', '/tasks/walk/execute')
  expect(status).toBe(403)
  const entry = await tpdp.call('GET', `/v1/decisions/${headers.get('x-evaluation-id')}`, { as: AUDITOR })
  expect(entry.body).toMatchObject({
    kind: 'evaluation',
    decision: false,
    caller: 'service:care',
    actor: 'agent:care-agent',
    persona: 'nurse/ward-3',
    action: 'execute',
    resource: 'care_task:plan-1-walk',
    root: 'care_plan:plan-1',
    reasons: [{ code: 'effort_above_limit', gate: 'effort', attribute: 'effort', limit: 30, actual: 45 }],
    attributes: { effort: 45, risk: 1 },
    policy: expect.stringMatching(/^nursing@/),
  })
  const below = '/v1/decisions?under=care_plan%3Aplan-1&kind=evaluation&actor=agent%3Acare-agent&decision='
  const [permits, denials] = await Promise.all(
    ['permit', 'deny'].map((decision) => tpdp.call('GET', `${below}${decision}`, { as: AUDITOR })),
  )
  expect([permits?.body.total, denials?.body.total]).toEqual([2, 3])
  for (const answer of [entry, permits, denials]) expect(answer?.text).not.toContain('sub-of-')
})

test('the patient takes the grant back: nurse and agent are denied at once, and told so', async () => {
  await done('POST', `/v1/grants/${grant}/revoke`, patient, {})
  for (const ask of [asNurse, asAgent])
    expect(await ask('POST', '/tasks/washing/execute')).toMatchObject({ status: 403, body: { code: 'grant_revoked' } })
  expect((await asAgent('POST', '/run')).body.items.map(({ reason }: { readonly reason: string }) => reason)).toEqual([
    'grant_revoked',
    'grant_revoked',
    'grant_revoked',
  ])
  expect(carriedOut).toEqual(['washing', 'medication', 'walk'])
})

test('a stranger gets nothing, and the same whether there is a plan or not', async () => {
  await done('POST', '/v1/personas', stranger, { title: 'relative', circle: 'other' })
  const [there, nowhere] = await Promise.all(
    ['plan-1', 'plan-2'].map((id) => call('GET', `/plans/${id}`, stranger, 'relative/other')),
  )
  if (!there || !nowhere) throw new Error('two were asked')
  expect([there.status, nowhere.status]).toEqual([403, 403])
  const told = ({ body: { evaluation_id: _id, ...rest } }: typeof there) => rest
  expect(told(nowhere)).toEqual(told(there))
})
