/**
 * Parts of `npm run fuzz`: what it sends repeats, and what is answered wrongly is kept. The command itself runs targets with planted faults first.
 */
import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { spoilBytes, spoilJson, spoilText, spoilToken } from '../fuzz/draw.ts'
import { httpTarget } from '../fuzz/http-target.ts'
import { inputOf, runFuzz } from '../fuzz/run.ts'
import type { Target } from '../fuzz/target.ts'
import { randomOf } from '../new-enemy/random.ts'

const PLAN = { requests: 200, seed: 3, connections: 4, hangMs: 600_000, settleMs: 0 }

/** A target that answers wrongly to one input of a hundred. */
const aTarget = (): Target => ({
  name: 'a target',
  weight: 1,
  draw: (random) => ({ number: random.integer(100) }),
  send: async ({ number }) => (number === 7 ? { answer: '500', fault: '500' } : { answer: '2xx' }),
})

test('keeps every input that was answered wrongly, with its number, by which it repeats', async () => {
  const target = aTarget()
  const { failures, targets } = await runFuzz([target], PLAN)
  expect(failures.length).toBeGreaterThan(0)
  for (const { index, input, what } of failures) {
    expect([what, input]).toEqual(['fault', { number: 7 }])
    expect(inputOf(target, PLAN.seed, 0, index)).toEqual(input)
  }
  expect(targets[0]).toMatchObject({ name: 'a target', sent: 200 })
})

test('sends all inputs, shared out by weight', async () => {
  const { targets } = await runFuzz([aTarget(), { ...aTarget(), name: 'another', weight: 3 }], PLAN)
  expect(targets.map(({ sent }) => sent)).toEqual([50, 150])
})

test('requests repeat with their seed, differ from each other, and can be kept as JSON', async () => {
  const token = await new SignJWT({ sub: 'ada', aud: 'pdp' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new Uint8Array(32))
  const routes = [
    { method: 'POST', path: '/v1/things/:id', body: { name: 'a thing', parts: [1, 2] } },
    { method: 'POST', path: '/token', form: { grant_type: 'client_credentials' } },
  ]
  const target = httpTarget({
    name: 'x',
    weight: 1,
    url: 'http://127.0.0.1:9',
    routes,
    tokens: [token],
    words: ['ada'],
  })
  const draw = (seed: number) =>
    Array.from({ length: 300 }, (_, index) => JSON.stringify(inputOf(target, seed, 0, index)))
  const first = draw(1)
  expect(first).toEqual(draw(1))
  expect(first).not.toEqual(draw(2))
  expect(new Set(first).size).toBeGreaterThan(250)
  for (const text of first) expect(JSON.stringify(JSON.parse(text))).toBe(text)
})

test('what was spoilt differs from what it was, nearly always', () => {
  const random = randomOf(9)
  const bytes = new TextEncoder().encode('fuzz.invalid/log')
  const value = { a: 1, b: ['x', { c: true }] }
  const spoilt = Array.from({ length: 200 }, () => [
    spoilText(random, 'a: 1\nb: [2, 3]\n', ['- ']) === 'a: 1\nb: [2, 3]\n',
    JSON.stringify(spoilJson(random, value, ['x'])) === JSON.stringify(value),
    Buffer.from(spoilBytes(random, bytes)).equals(bytes),
    spoilToken(random, 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl') ===
      'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl',
  ])
  for (let kind = 0; kind < 4; kind += 1) expect(spoilt.filter((row) => row[kind]).length).toBeLessThan(40)
})
