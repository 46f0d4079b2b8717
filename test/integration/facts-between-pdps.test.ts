/**
 * Facts that one PDP replaces in two Writes, while another one asks OpenFGA: what a model takes away with `but not` is given to everybody between
 * both, and a lock of one process cannot exclude the other's questions.
 *
 * @module
 */
import { expect, inject, onTestFinished, test } from 'vitest'
import { type BadLine, type Behaviour, startBadLine } from '../fixtures/bad-line.ts'
import { packFolder } from '../fixtures/packs.ts'
import type { TestPdp } from '../fixtures/pdp.ts'
import { startSeveral } from '../fixtures/several.ts'

const DESK = { sub: 'service-account-desk', azp: 'desk', svc: 'desk' }
const SHEET = { type: 'sheet', id: 's1' }
const user = (id: string) => ({ type: 'user', id })
const block = (end: string) => ({
  subject: user('ida'),
  relation: 'shut_out',
  resource: SHEET,
  condition: { name: 'until', context: { end } },
})
const change = (pdp: TestPdp, ...write: readonly object[]) =>
  pdp.call('POST', '/v1/facts', { as: DESK, body: { domain: 'sheets', write } })
const sees = (pdp: TestPdp) =>
  pdp.call('POST', '/access/v1/evaluation', {
    as: DESK,
    body: { subject: user('ida'), action: { name: 'see' }, resource: SHEET },
  })

interface Two {
  readonly one: TestPdp
  readonly two: TestPdp
  readonly lines: { readonly one: BadLine; readonly two: BadLine }
}

/** Two PDPs that ask OpenFGA for each decision, each on a line of its own to it. */
async function startTwo(env: Readonly<Record<string, string>>): Promise<Two> {
  const { url, apiToken } = inject('openFga')
  const several = await startSeveral()
  const lines = { one: await startBadLine(url), two: await startBadLine(url) }
  onTestFinished(async () => {
    for (const line of Object.values(lines)) line.behave(() => 'pass')
    await several.stop()
    for (const line of Object.values(lines)) await line.stop()
  })
  const start = (name: 'one' | 'two', more = {}) =>
    several.start(name, {
      openFga: { url: lines[name].url, apiToken },
      env: {
        ENGINE: 'openfga',
        OPENFGA_DEADLINE_MS: '5000',
        PDP_PACKS: packFolder('sheets'),
        PDP_SERVICES: 'desk=sheet',
        ...more,
      },
    })
  const one = await start('one')
  const two = await start('two', env)
  const everyone = { subject: user('*'), relation: 'everyone', resource: SHEET }
  expect((await change(one, everyone, block('2099-01-01T00:00:00Z'))).status).toBe(200)
  return { one, two, lines }
}

/** PDP two sends a question, PDP one is between the two Writes of a replacement when OpenFGA gets it. @returns PDP two's answer */
async function askInTheMiddle({ one, two, lines }: Two, end: string): Promise<unknown> {
  const [asking, inTheMiddle, answered] = [0, 1, 2].map(() => Promise.withResolvers<void>())
  if (!asking || !inTheMiddle || !answered) return expect.fail()
  const before = lines.two.done('/batch-check')
  lines.two.behave(async (path): Promise<Behaviour> => {
    if (!path.endsWith('/batch-check')) return 'pass'
    asking.resolve()
    await inTheMiddle.promise
    return 'pass'
  })
  lines.one.behave(async (path, body): Promise<Behaviour> => {
    // The second of the two Writes: the first only deletes.
    if (!path.endsWith('/write') || !writesOf(body).includes('shut_out')) return 'pass'
    inTheMiddle.resolve()
    await answered.promise
    return 'pass'
  })
  const asked = sees(two)
  await asking.promise
  const changed = change(one, block(end))
  await expect.poll(() => lines.two.done('/batch-check'), { timeout: 5_000 }).toBeGreaterThan(before)
  answered.resolve()
  expect((await changed).status).toBe(200)
  const { status, body } = await asked
  return status === 200 ? body.decision : status
}

const writesOf = (body: string): readonly string[] =>
  (JSON.parse(body).writes?.tuple_keys ?? []).map(({ relation }: { readonly relation: string }) => relation)

const ROUNDS = 10
const at = (round: number) => `2099-02-01T00:00:${String(round).padStart(2, '0')}Z`

test('without the barrier, a question of another PDP sees the middle of a replacement', {
  timeout: 120_000,
}, async () => {
  const two = await startTwo({ PDP_TEST_READ_BARRIER: 'off' })
  const answers: unknown[] = []
  while (answers.length < ROUNDS && !answers.includes(true)) answers.push(await askInTheMiddle(two, at(answers.length)))
  expect(answers).toContain(true)
})

test('with it, the answer is dropped, and the question asked again when both Writes are done', {
  timeout: 120_000,
}, async () => {
  const two = await startTwo({})
  const answers: unknown[] = []
  while (answers.length < ROUNDS) answers.push(await askInTheMiddle(two, at(answers.length)))
  expect(new Set(answers)).toEqual(new Set([false]))
})
