/**
 * One caller's flood does not make others wait for its end: single decisions and batches, answered from memory, where the event loop is what callers share.
 *
 * @module
 */
import { Pool } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { useSuite } from '../fixtures/suite.ts'

const TYPES = 'workflow+workflow_item+travel_account'
const suite = useSuite({
  env: {
    PDP_SERVICES: `trips=${TYPES},flooder=${TYPES}`,
    PDP_DECIDING: '16',
    PDP_PERSON_PER_MINUTE: '6000000',
    PDP_PERSON_BURST: '1000000',
  },
})
const FLOODER: TokenClaims = { sub: 'service-account-flooder', azp: 'flooder', svc: 'flooder' }

interface Flooding {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly as: TokenClaims
  readonly body?: object
  readonly count: number
}

/** Sends so many requests at once, each on a connection of its own. */
async function flood({ method, path, as, body, count }: Flooding) {
  const { tpdp } = suite
  const pool = new Pool(tpdp.pdp.url, { connections: count })
  onTestFinished(() => pool.destroy())
  const authorization = `Bearer ${await tpdp.issuer.token(as)}`
  const answers = new Map<number, number>()
  // On a slow machine the flood may take longer than a request waits by default.
  const headers = { authorization, 'content-type': 'application/json', 'mandate-timeout-ms': '60000' }
  const text = body === undefined ? {} : { body: JSON.stringify(body) }
  // Every connection is open and the token is known, so that the flood is under way before anything that is sent after it.
  const warm = Array.from({ length: count }, () => pool.request({ method: 'GET', path: '/v1/personas', headers }))
  for (const { body: answer } of await Promise.all(warm)) await answer.dump()
  const sent = Array.from({ length: count }, async () => {
    const { statusCode, body: answer } = await pool.request({ method, path, headers, ...text })
    await answer.dump()
    answers.set(statusCode, (answers.get(statusCode) ?? 0) + 1)
  })
  return {
    count,
    all: Promise.all(sent),
    answered: () => [...answers.values()].reduce((sum, of) => sum + of, 0),
    answers,
  }
}

const question = (): object => suite.world.question({ subject: 'A', action: 'execute', item: 'flight' })

/** Asks as another caller. @returns how much of the flood is still unanswered then. */
async function unansweredAfter(flooding: Awaited<ReturnType<typeof flood>>, ask: () => Promise<unknown>) {
  await ask()
  return flooding.count - flooding.answered()
}

const decided = async (): Promise<void> => {
  const { status, body } = await suite.world.ask({ subject: 'A', action: 'execute', item: 'flight' })
  expect([status, body.decision]).toEqual([200, true])
}

test('a decision is made among a service’s flood of decisions, not after it', async () => {
  await decided()
  const flooding = await flood({
    method: 'POST',
    path: '/access/v1/evaluation',
    as: FLOODER,
    body: question(),
    count: 240,
  })
  expect(await unansweredAfter(flooding, decided)).toBeGreaterThan(120)
  await flooding.all
  expect([...flooding.answers.keys()]).toEqual([200])
})

test('a decision is made while a service’s batches are under way, however many they are', async () => {
  const body = { ...question(), evaluations: Array.from({ length: 300 }, () => ({})) }
  const flooding = await flood({ method: 'POST', path: '/access/v1/evaluations', as: FLOODER, body, count: 10 })
  expect(await unansweredAfter(flooding, decided)).toBeGreaterThan(5)
  await flooding.all
})
