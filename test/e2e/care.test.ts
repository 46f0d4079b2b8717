/**
 * The ward on the whole stack: a second domain with real sign-ins and tokens. A patient lets a nurse, within a limit that travel has never heard
 * of; what the nurse may do is done once, what she may not is said why; when the patient takes it back, or leaves, it is over.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Stack } from '@mandate/stack'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStack } from '../setup/e2e.ts'
import { enterAs, type Signed } from '../support/signed-in.ts'

const PATIENT = 'patient/home'
const NURSE = 'nurse/ward-3'
let stack: Stack
let patient: Signed
let nurse: Signed
let plan: { readonly id: string; readonly tasks: readonly { readonly id: string; readonly name: string }[] }
let grant: string

beforeAll(async () => {
  stack = await startTestStack({ services: ['pdp', 'care'] })
  const petra = await enterAs(stack, 'petra')
  patient = await enterAs(stack, 'carlo', PATIENT)
  nurse = await enterAs(stack, 'yannick', NURSE)
  await patient.must('pdp', 'POST /v1/personas', { title: 'patient', circle: 'home' })
  const hers = await nurse.must('pdp', 'POST /v1/personas', { title: 'nurse', circle: 'ward-3' })
  expect(hers['status']).toBe('pending')
  await petra.must('pdp', `PATCH /v1/personas/${hers['id']}`, { status: 'active' })
  plan = (await patient.must('care', 'POST /plans')) as typeof plan
})
afterAll(() => stack?.stop())

const taskOf = (name: string) => plan.tasks.find((task) => task.name === name)?.id ?? expect.unreachable(name)
const carryOut = (name: string) => nurse.call('care', `POST /plans/${plan.id}/tasks/${taskOf(name)}/execute`)

test('a plan is the patient’s; nobody else sees it, and the list is empty for who may see nothing', async () => {
  expect(plan).toMatchObject({ owner: `user:${patient.sub}`, owner_persona: PATIENT })
  expect((await patient.call('care', 'GET /plans')).body['items']).toMatchObject([{ id: plan.id }])
  expect(await nurse.call('care', `GET /plans/${plan.id}`)).toMatchObject({ status: 403, body: { code: 'no_grant' } })
  expect((await nurse.call('care', 'GET /plans')).body['items']).toEqual([])
})

test('a token for another service is no token here', async () => {
  const token = await patient.tokenFor('pdp')
  const answer = await fetch(`${stack.urls.care}/plans`, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.status).toBe(401)
})

test('the nurse carries out what the patient’s grant allows, once; the rest is said why', async () => {
  const given = await patient.must('pdp', 'POST /v1/grants', {
    delegate: `user:${nurse.sub}`,
    delegator_persona: PATIENT,
    actions: ['execute'],
    scope: `care_plan:${plan.id}`,
    limits: [{ attribute: 'effort', at_most: 30 }],
  })
  grant = String(given['id'])
  const round = await nurse.call('care', `POST /plans/${plan.id}/execute`)
  expect(round).toMatchObject({
    status: 200,
    body: {
      items: [
        {
          decision: true,
          effect: 'done',
          chain: [{ delegator: `user:${patient.sub}`, delegate: `user:${nurse.sub}` }],
        },
        { decision: true, effect: 'done' },
        { decision: false, reason: 'grant_limit', effect: 'none' },
      ],
    },
  })
  expect(await carryOut('washing')).toMatchObject({ status: 200, body: { effect: 'unchanged', reason: 'delegated' } })
  expect(await carryOut('walk')).toMatchObject({ status: 403, body: { code: 'grant_limit' } })
  expect((await nurse.call('care', 'GET /plans')).body['items']).toMatchObject([{ id: plan.id }])
})

test('taken back, it is over with the very next task', async () => {
  await patient.must('pdp', `POST /v1/grants/${grant}/revoke`, {})
  expect(await carryOut('medication')).toMatchObject({ status: 403, body: { code: 'grant_revoked' } })
})

test('the patient asks to be forgotten, and the ward forgets', async () => {
  expect(await patient.call('pdp', 'DELETE /v1/subjects/me')).toMatchObject({
    status: expect.toBeOneOf([200, 202, 204]),
  })
  // The ward asks whom to forget every half minute, and when it starts.
  await stack.services.care?.restart()
  const logged = await nurse.call('care', `GET /plans/${plan.id}`)
  expect(logged).toMatchObject({ status: 403, body: { code: expect.stringMatching(/unknown|no_grant/u) } })
  await stack.services.care?.stop()
  const db = new DatabaseSync(join(stack.log, '../../care/care.db'), { readOnly: true })
  expect([db.prepare('SELECT * FROM plan').all(), db.prepare('SELECT * FROM task').all()]).toEqual([[], []])
  db.close()
})
