/**
 * "Forget me" reaches the agent: what it kept of a person goes when the PDP's feed names them, and stands in no file after.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sendJson, startTestPdp, type TestPdp } from '@mandate/pep/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decided, tripOf, useAgent } from './agent.harness.ts'

const agent = useAgent()
const { answerWith, call } = agent
const NOTICE = '01K00000000000000000000000'
const OWNER = 'owner-of-the-trip'
const YANNICK = { claims: { sub: 'yannick-who-acts' } }

let pdp: TestPdp
/** What the feed holds, until it is acknowledged. */
let waiting: { id: string; issuer: string; sub: string; erased_at: string }[]
let acknowledged: string[]

beforeEach(async () => {
  pdp = await startTestPdp()
  waiting = []
  acknowledged = []
  pdp.answerWith(({ method, path }, res) => {
    if (method === 'GET' && path === '/v1/erasures') return sendJson(res, 200, { items: waiting })
    acknowledged.push(path.split('/').at(-2) ?? '')
    waiting = waiting.filter(({ id }) => !path.includes(id))
    return void res.writeHead(204).end()
  })
  await agent.stop()
  await start()
})
afterEach(() => pdp.close())

const start = () => agent.start({ AGENT_PDP_URL: pdp.url, AGENT_HOUSEKEEPING_SECONDS: '1' })
const folder = () => String(agent.environment()['AGENT_DATA_DIR'])
const filesWith = (text: string) =>
  readdirSync(folder()).filter((name) => readFileSync(join(folder(), name)).includes(text))
const erase = (sub: string, at = Date.now(), issuer = agent.issuer().issuer) =>
  void waiting.push({ id: NOTICE, issuer, sub, erased_at: new Date(at).toISOString() })
const chained = (sub: string) => {
  const { chain, ...rest } = decided()
  return { effect: 'booked', ...rest, chain: chain.map((link) => ({ ...link, delegator: `user:${sub}` })) }
}
const runsOf = async (as: object) => (await call('GET', '/runs', as)).body as unknown as { items: { id: string }[] }

test('their runs go, free text and all, and the notice is acknowledged last', async () => {
  const asked = { body: { workflow: 'w', items: ['a-word-of-theirs'] }, ...YANNICK }
  await call('POST', '/runs', asked)
  await call('POST', '/runs', { body: { workflow: 'w' }, ...YANNICK })
  await call('POST', '/runs', { body: { workflow: 'w' } })
  expect(filesWith('yannick-who-acts')).not.toEqual([])
  erase('yannick-who-acts')
  await expect.poll(() => acknowledged).toEqual([NOTICE])
  expect((await runsOf(YANNICK)).items).toEqual([])
  expect((await runsOf({})).items).toHaveLength(1)
  for (const text of ['yannick-who-acts', 'a-word-of-theirs']) expect(filesWith(text)).toEqual([])
})

test('in the chains of other people’s runs they are nobody any more', async () => {
  answerWith(tripOf({}, (_heard, res) => sendJson(res, 200, chained(OWNER))))
  const { body: run } = await call('POST', '/runs', { body: { workflow: 'w' }, ...YANNICK })
  expect(filesWith(OWNER)).not.toEqual([])
  erase(OWNER)
  await expect.poll(() => acknowledged).toEqual([NOTICE])
  const { body } = await call('GET', `/runs/${run.id}`, YANNICK)
  expect(body.items[0]?.chain?.[0]).toMatchObject({ delegator: 'user:erased', delegate: 'agent:booking-agent' })
  expect(filesWith(OWNER)).toEqual([])
})

test('a run under way when its person is forgotten is not written again', async () => {
  const going = Promise.withResolvers<void>()
  answerWith(tripOf({}, (_heard, res) => void going.promise.then(() => sendJson(res, 200, chained(OWNER)))))
  const later = { headers: { prefer: 'respond-async' } }
  const { body: run } = await call('POST', '/runs', { body: { workflow: 'w' }, ...later })
  await call('POST', '/runs', { body: { workflow: 'w' }, ...later, ...YANNICK })
  await expect.poll(() => agent.tried().length).toBe(8)
  erase('carlo')
  await expect.poll(() => acknowledged).toEqual([NOTICE])
  erase(OWNER)
  await expect.poll(() => acknowledged).toEqual([NOTICE, NOTICE])
  going.resolve()
  await expect
    .poll(async () => (await call('GET', '/runs', YANNICK)).body)
    .toMatchObject({ items: [{ status: 'done' }] })
  expect((await call('GET', `/runs/${run.id}`)).status).toBe(404)
  await agent.stop()
  for (const sub of ['user:carlo', OWNER]) expect(filesWith(sub)).toEqual([])
  await start()
})

test('who came back after the erasure is somebody new, and another issuer’s person is another person', async () => {
  await call('POST', '/runs', { body: { workflow: 'w' } })
  erase('carlo', Date.now() - 60_000)
  await expect.poll(() => acknowledged).toEqual([NOTICE])
  erase('carlo', Date.now() + 60_000, 'https://elsewhere.example/realms/x')
  await expect.poll(() => acknowledged).toEqual([NOTICE, NOTICE])
  expect((await runsOf({})).items).toHaveLength(1)
})

test('what came while the agent was down is done before it shows anything; a PDP that is down is asked again', async () => {
  await call('POST', '/runs', { body: { workflow: 'w' } })
  await agent.stop()
  erase('carlo')
  await start()
  expect(acknowledged).toEqual([NOTICE])
  expect((await runsOf({})).items).toEqual([])
  expect(filesWith('user:carlo')).toEqual([])
})
