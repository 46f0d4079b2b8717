/**
 * The nursing domain is a folder of data: no code of the PDP knows of it. Scenario 52.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { type Answer, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'

const CARE: TokenClaims = { sub: 'service-account-care', azp: 'care', svc: 'care' }
const patient: TokenClaims = { sub: 'patient', azp: 'desktop' }
const nurse: TokenClaims = { sub: 'nurse', azp: 'desktop' }
const staff = (role: string): TokenClaims => ({ sub: role, azp: 'desktop', roles: [role] })
const HOUR_S = 3_600

let tpdp: TestPdp
const ok = async (method: string, path: string, as: TokenClaims, body: unknown): Promise<Answer['body']> => {
  const answer = await tpdp.call(method, path, { as, body })
  expect(answer.status, answer.text).toBeLessThan(300)
  return answer.body
}

beforeAll(async () => {
  tpdp = await startTestPdp({
    openFga: inject('openFga'),
    env: { PDP_SERVICES: 'care=care_plan+care_task+care_account' },
  })
  const limits = { effort: { at_most: 30 }, lead_time: { at_least: HOUR_S }, risk: { at_most: 3 } }
  await ok('POST', '/v1/personas', patient, { title: 'patient', circle: 'home', autonomy: { consent: true, limits } })
  const { id } = await ok('POST', '/v1/personas', nurse, { title: 'nurse', circle: 'ward-3' })
  await ok('PATCH', `/v1/personas/${id}`, staff('persona-admin'), { status: 'active' })
  await ok('POST', '/v1/agents', staff('operator'), { id: 'care-agent' })
  await ok('PUT', '/v1/resources/care_plan/plan-1', CARE, { owner: 'user:patient', owner_persona: 'patient/home' })
  await ok('PUT', '/v1/resources/care_task/task-1', CARE, { parent: 'care_plan:plan-1' })
  const scope = 'care_plan:plan-1'
  const toNurse = {
    delegate: 'user:nurse',
    delegator_persona: 'patient/home',
    actions: ['execute'],
    scope,
    redelegations: 1,
  }
  const { id: parent } = await ok('POST', '/v1/grants', patient, toNurse)
  const toAgent = {
    delegate: 'agent:care-agent',
    delegator_persona: 'nurse/ward-3',
    actions: ['execute'],
    scope,
    parent,
  }
  await ok('POST', '/v1/grants', nurse, toAgent)
})
afterAll(() => tpdp?.stop())

const ask = (properties: Readonly<Record<string, unknown>>) =>
  ok('POST', '/access/v1/evaluation', CARE, {
    subject: { type: 'user', id: 'nurse', properties: { persona: 'nurse/ward-3', act: { sub: 'care-agent' } } },
    action: { name: 'execute' },
    resource: { type: 'care_task', id: 'task-1', properties },
  })
const dueIn = (hours: number): string => new Date(tpdp.now() + hours * HOUR_S * 1000).toISOString()

test.for([
  ['a task within every limit', { effort: 10, risk: 2 }, 5, []],
  ['effort a minute above the limit', { effort: 31, risk: 2 }, 5, ['effort_above_limit']],
  ['due in half an hour', { effort: 10, risk: 2 }, 0.5, ['lead_time_too_short']],
  ['riskier than allowed', { effort: 10, risk: 4 }, 5, ['risk_above_limit']],
  ['an effort that is no number', { effort: '10', risk: 2 }, 5, ['attribute_invalid']],
] as const)('scenario 52: %s', async ([, attributes, hours, reasons]) => {
  const { decision, context } = await ask({ ...attributes, due_at: dueIn(hours) })
  expect(decision).toBe(reasons.length === 0)
  if (!decision) expect(context.reasons.map(({ code }: { readonly code: string }) => code)).toEqual(reasons)
  expect(context.chain).toHaveLength(2)
})

test('a service asks about its own domain only', async () => {
  const answer = await tpdp.call('POST', '/access/v1/evaluation', {
    as: CARE,
    body: { subject: { type: 'user', id: 'nurse' }, action: { name: 'read' }, resource: { type: 'workflow', id: 'w' } },
  })
  expect(answer.status).toBe(403)
})

test('a title belongs to its domain: a patient owns no trip', async () => {
  const answer = await tpdp.call('PUT', '/v1/resources/care_plan/plan-2', {
    as: CARE,
    body: { owner: 'user:patient', owner_persona: 'traveler/home' },
  })
  expect(answer).toMatchObject({ status: 422, body: { code: 'persona_invalid' } })
})
