import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type GuardedService, startGuardedService } from './guarded-service.harness.ts'
import { type Asked, sendJson } from './testing.ts'

const TIMEOUT_MS = 500

let service: GuardedService
let pdp: GuardedService['pdp']
let post: GuardedService['post']
let ran: GuardedService['ran']

beforeEach(async () => {
  service = await startGuardedService(TIMEOUT_MS)
  ;({ pdp, post, ran } = service)
})
afterEach(() => service.close())

type Answer = (asked: Asked, res: ServerResponse) => void
test.for<readonly [string, Answer]>([
  ['500', (_, res) => sendJson(res, 500, { decision: true })],
  ['503', (_, res) => sendJson(res, 503, { decision: true })],
  ['401', (_, res) => sendJson(res, 401, { decision: true })],
  ['403', (_, res) => sendJson(res, 403, { decision: true })],
  ['a redirect', (_, res) => void res.writeHead(302, { location: '/access/v1/evaluation' }).end()],
  ['HTML', (_, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('{"decision":true}')],
  ['broken JSON', (_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{"decision":true')],
  ['a decision in words', (_, res) => sendJson(res, 200, { decision: 'true', evaluations: [] })],
  ['a decision as a number', (_, res) => sendJson(res, 200, { decision: 1 })],
  ['no decision', (_, res) => sendJson(res, 200, {})],
  ['an array', (_, res) => sendJson(res, 200, [{ decision: true }])],
  ['null', (_, res) => sendJson(res, 200, null)],
  ['a context that is no object', (_, res) => sendJson(res, 200, { decision: true, context: 'x' })],
  ['fewer items than asked', (_, res) => sendJson(res, 200, { decision: 1, evaluations: [{ decision: true }] })],
  [
    'an item that is no decision',
    (_, res) => sendJson(res, 200, { evaluations: [{}, {}, {}].map(() => ({ decision: 'yes' })) }),
  ],
  ['nothing, and hangs up', (_, res) => void res.destroy()],
  ['nothing at all', () => undefined],
  [
    'half an answer',
    (_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).write('{"decision":true'),
  ],
  ['two megabytes', (_, res) => sendJson(res, 200, { decision: true, context: { filler: 'x'.repeat(2_097_152) } })],
])('503 decision_unavailable, never a permit, when the PDP answers: %s', async ([, answer]) => {
  pdp.answerWith(answer)
  const replies = await Promise.all(['/items/a', '/all', '/dry-run'].map((path) => post(path)))
  for (const { status, headers, body } of replies) {
    expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'decision_unavailable' })
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect(ran()).toBe(0)
})

test('503 when the PDP is gone', async () => {
  await pdp.close()
  expect((await post('/items/a')).status).toBe(503)
  expect(ran()).toBe(0)
})

test('after five silent failures the PDP is left alone, and the caller is told for how long', async () => {
  pdp.answerWith((_, res) => void res.destroy())
  for (let call = 0; call < 5; call++) await post('/items/a')
  const askedBefore = pdp.asked.length
  const { status, headers } = await post('/items/a')
  expect({ status, more: pdp.asked.length - askedBefore }).toEqual({ status: 503, more: 0 })
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
})

test('503 when the service itself gets no token for the PDP', async () => {
  expect((await post('/items/a', {}, { 'Mandate-Persona': 'keys are known now' })).status).toBe(400)
  service.issuer.breakWith((res) => sendJson(res, 401, { error: 'invalid_client' }))
  const { status, body } = await post('/items/a')
  expect({ status, code: body['code'], ran: ran() }).toEqual({ status: 503, code: 'decision_unavailable', ran: 0 })
  expect(pdp.asked).toEqual([])
})

test('a PDP that refuses because of too many questions is not sent all of them, and clients wait for different times', async () => {
  pdp.answerWith((_, res) => {
    res.setHeader('retry-after', '3')
    sendJson(res, 429, { code: 'too_many_requests' })
  })
  const waits = new Set<number>()
  const questions = 80
  for (let question = 0; question < questions; question += 1) {
    const { status, headers } = await post('/items/a')
    expect(status).toBe(503)
    waits.add(Number(headers.get('retry-after')))
  }
  expect(pdp.asked.length).toBeLessThan(questions / 2)
  expect(waits.size).toBeGreaterThan(1)
  expect(ran()).toBe(0)
})
