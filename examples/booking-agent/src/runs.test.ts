/**
 * Runs over time: cut short and taken up again, stopped when the authority ends, followed, on the agent's own schedule.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { sendJson } from '@mandate/pep/testing'
import { expect, test } from 'vitest'
import { decided, denial, tripOf, useAgent } from './agent.harness.ts'
import type { Run } from './run.ts'

const MAIN = new URL('./main.ts', import.meta.url).pathname
const agent = useAgent()
const { answerWith, call, tried } = agent
const order = { body: { workflow: 'w' } }
const booked = { effect: 'booked', ...decided() }
/** Of the trip that the harness plays. */
const ITEMS = 5
const later = { headers: { prefer: 'respond-async' } }

/** The agent in a process of its own, that can be killed. */
async function startProcess() {
  const child = spawn(process.execPath, [MAIN], { env: agent.environment(), stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    said += String(chunk)
    const url = /"url":"(?<url>[^"]+)"/u.exec(said)?.groups?.['url']
    if (url) return { url, child }
  }
  throw new Error(`the agent did not start: ${said}`)
}

test('killed in the middle of an item, the run is taken up again and nothing is done twice', {
  timeout: 60_000,
}, async () => {
  await agent.stop()
  let silent = true
  answerWith(
    tripOf({}, (_heard, res) => {
      // Booked, and the agent is killed before it hears of it.
      if (silent && tried().length >= 5) return
      sendJson(res, 200, booked)
    }),
  )
  const { url, child } = await startProcess()
  const headers = {
    authorization: `Bearer ${await agent.token()}`,
    'content-type': 'application/json',
    prefer: 'respond-async',
  }
  const begun = (await (
    await fetch(`${url}/runs`, { method: 'POST', headers, body: JSON.stringify(order.body) })
  ).json()) as Run
  await expect.poll(() => tried().length).toBe(5)
  child.kill('SIGKILL')
  await once(child, 'exit')
  silent = false
  await agent.start()
  const found = (await call('GET', `/runs/${begun.id}`)).body
  expect(found.status).toBe('interrupted')
  expect(found.items.filter(({ status }) => status === 'waiting').length).toBeGreaterThan(0)
  const resumed = await call('POST', `/runs/${begun.id}/resume`)
  expect(resumed).toMatchObject({ status: 200, body: { id: begun.id, status: 'done' } })
  expect(resumed.body.items.map(({ status }) => status)).toEqual(Array(5).fill('booked'))
  // One key an item, however often it was asked: trips does it once.
  expect(tried().length).toBeGreaterThan(5)
  expect(new Set(tried()).size).toBe(5)
  expect((await call('POST', `/runs/${begun.id}/resume`)).status).toBe(409)
})

test('a run is taken up by whose it is, and by nobody else', async () => {
  answerWith(tripOf({ dinner: 'grant_revoked' }))
  const { body } = await call('POST', '/runs', order)
  expect((await call('POST', `/runs/${body.id}/resume`, { claims: { sub: 'sam' } })).status).toBe(404)
  const other = { headers: { 'mandate-persona': 'travel-agent/acme' } }
  expect((await call('POST', `/runs/${body.id}/resume`, other)).status).toBe(409)
})

test.for(['grant_revoked', 'session_ended', 'agent_suspended', 'no_consent'])(
  '%s in the middle: not one further item is tried',
  async (reason) => {
    await agent.stop()
    await agent.start({ AGENT_PARALLEL_ITEMS: '1' })
    let calls = 0
    answerWith(
      tripOf({}, (_heard, res) => {
        calls += 1
        if (calls < 3) sendJson(res, 200, booked)
        else sendJson(res, 403, denial(reason))
      }),
    )
    const { body } = await call('POST', '/runs', order)
    expect(body.status).toBe('stopped')
    expect(body.items.map(({ status }) => status)).toEqual(['booked', 'booked', 'denied', 'waiting', 'waiting'])
    expect(tried()).toHaveLength(3)
  },
)

test('several items at a time, never more than the limit', async () => {
  await agent.stop()
  await agent.start({ AGENT_PARALLEL_ITEMS: '2' })
  const waiting: ServerResponse[] = []
  let answered = 0
  let most = 0
  answerWith(
    tripOf({}, (_heard, res) => {
      waiting.push(res)
      most = Math.max(most, waiting.length)
      if (waiting.length < Math.min(2, ITEMS - answered)) return
      // Two are under way, or the last one. A third that comes meanwhile would be one too many.
      setTimeout(() => {
        answered += waiting.length
        for (const one of waiting.splice(0)) sendJson(one, 200, booked)
      }, 30)
    }),
  )
  expect((await call('POST', '/runs', order)).body.status).toBe('done')
  expect(most).toBe(2)
})

test('the events of a run tell every step, to its end', async () => {
  const opened = Promise.withResolvers<void>()
  answerWith(
    tripOf({ hotel: 'price_above_limit' }, (_heard, res) => {
      void opened.promise.then(() => sendJson(res, 200, booked))
    }),
  )
  const { status, body } = await call('POST', '/runs', { ...order, ...later })
  expect([status, body.status]).toEqual([202, 'running'])
  const headers = { authorization: `Bearer ${await agent.token()}` }
  const stream = await fetch(`${agent.url()}/runs/${body.id}/events`, { headers })
  expect(stream.headers.get('content-type')).toContain('text/event-stream')
  opened.resolve()
  const states = (await stream.text())
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice('data: '.length)) as Run)
  expect(states.length).toBeGreaterThan(3)
  expect(states.at(-1)).toMatchObject({
    status: 'done',
    items: [{ status: 'denied' }, { status: 'booked' }, {}, {}, {}],
  })
  expect(states.at(-1)).toEqual((await call('GET', `/runs/${body.id}`)).body)
  expect((await call('GET', `/runs/${body.id}/events`, { claims: { sub: 'sam' } })).status).toBe(404)
})

test('a stream does not outlive the token that opened it', async () => {
  answerWith(tripOf({}, () => undefined))
  const { body } = await call('POST', '/runs', { ...order, ...later })
  const exp = Math.floor(Date.now() / 1_000) + 4
  const headers = { authorization: `Bearer ${await agent.token({ exp })}` }
  const stream = await fetch(`${agent.url()}/runs/${body.id}/events`, { headers })
  expect(await stream.text()).toContain('"running"')
  expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000 - 50)
  answerWith(tripOf())
})

test('on its schedule the agent runs its trips as itself, and goes on with what was cut short', async () => {
  await agent.stop()
  const stopping = Promise.withResolvers<void>()
  answerWith(
    tripOf({}, (_heard, res) => {
      if (tried().length < 2) sendJson(res, 200, booked)
      else void stopping.promise.then(() => sendJson(res, 200, booked))
    }),
  )
  await agent.start({ AGENT_SCHEDULE_WORKFLOWS: 'w', AGENT_SCHEDULE_SECONDS: '1', AGENT_PARALLEL_ITEMS: '1' })
  await expect.poll(() => tried().length).toBe(2)
  const stopped = agent.stop()
  stopping.resolve()
  await stopped
  expect(tried().length).toBe(2)
  await agent.start()
  await expect.poll(() => tried().length).toBe(5)
  expect(new Set(tried()).size).toBe(5)
  for (const { token } of agent.heard()) {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ aud: 'trips', svc: 'booking-agent' })
  }
})
