/**
 * Events of the PDP about grants: a run that rests on an ended grant stops without asking again.
 */
import { createServer } from 'node:http'
import { listen, sendJson, stop } from '@mandate/pep/testing'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { decided, tripOf, useAgent } from './agent.harness.ts'

const ISSUER = 'https://pdp.example'
const BEARER = 'a-bearer-of-the-decision-point-0123456789'
const agent = useAgent()
const { answerWith, call, tried } = agent
const [grant] = decided().chain.map((link) => link.grant)
const own = await generateKeyPair('ES256', { extractable: true })
const foreign = await generateKeyPair('ES256', { extractable: true })

/** Starts the agent with events, one item of a run at a time. */
async function startWithEvents(): Promise<void> {
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k' }
  const keys = createServer((_req, res) => sendJson(res, 200, { keys: [jwk] }))
  onTestFinished(() => stop(keys))
  await agent.stop()
  await agent.start({
    AGENT_PARALLEL_ITEMS: '1',
    AGENT_GRANT_EVENTS_ISSUER: ISSUER,
    AGENT_GRANT_EVENTS_TOKEN: BEARER,
    AGENT_GRANT_EVENTS_KEYS_URL: await listen(keys),
  })
}

async function push(id: string, { privateKey } = own): Promise<number> {
  const events = { 'urn:mandate:secevent:grant-ended': { event_timestamp: 1, scope: 'workflow:w', reason: 'revoked' } }
  const body = await new SignJWT({ events, sub_id: { format: 'opaque', id } })
    .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'secevent+jwt' })
    .setIssuer(ISSUER)
    .setAudience('booking-agent')
    .setIssuedAt()
    .setJti(crypto.randomUUID())
    .sign(privateKey)
  const headers = { authorization: `Bearer ${BEARER}`, 'content-type': 'application/secevent+jwt' }
  const { status } = await fetch(`${agent.url()}/grant-events`, { method: 'POST', headers, body })
  return status
}

test.for([
  ['the grant that it rests on', { id: grant, key: own }, 202, 'stopped', 2],
  ['another grant', { id: '01K0000000000000000000000B', key: own }, 202, 'done', 5],
  ['its grant, by a foreign key', { id: grant, key: foreign }, 400, 'done', 5],
] as const)('an event about %s in the middle of a run', async ([, { id = '', key }, answer, status, done]) => {
  await startWithEvents()
  const answers: number[] = []
  let calls = 0
  answerWith(
    tripOf({}, async (_heard, res) => {
      calls += 1
      if (calls === 2) answers.push(await push(id, key))
      sendJson(res, 200, { effect: 'booked', ...decided() })
    }),
  )
  const { body } = await call('POST', '/runs', { body: { workflow: 'w' } })
  expect([answers, body.status, tried().length]).toEqual([[answer], status, done])
  expect(body.items.filter((item) => item.status === 'booked')).toHaveLength(done)
})

test('without the settings there is no such endpoint', async () => {
  expect(await push(grant ?? '')).toBe(401)
})
