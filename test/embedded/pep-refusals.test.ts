/**
 * What a real PDP refuses reaches the developer of a service, whatever its framework: a refused registration as the response, with the PDP's code and
 * detail; what is wrong with the service itself as 503 for the client, and with the PDP's words in the log.
 *
 * @module
 */
import { createPdpAdmin, createPep, type PdpAdmin } from '@mandate/pep'
import express from 'express'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CALL, type Framework, type Served } from '../../pep/src/framework.harness.ts'
import { expressFramework } from '../../pep/src/framework-express.harness.ts'
import { fastifyFramework } from '../../pep/src/framework-fastify.harness.ts'
import { honoFramework } from '../../pep/src/framework-hono.harness.ts'
import { nestFramework } from '../../pep/src/framework-nest.harness.ts'
import { NO_OPENFGA, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'

const FRAMEWORKS: readonly Framework[] = [
  expressFramework('Express', express),
  fastifyFramework,
  honoFramework,
  nestFramework('Express'),
  nestFramework('Fastify'),
]
const PLAN = { type: 'care_plan', id: 'plan-1' } as const
const paul = 'user:sub-of-paul'

const running: { readonly stop: () => Promise<unknown> }[] = []
let tpdp: TestPdp
let limited: TestPdp
let admin: PdpAdmin

async function start(env: Readonly<Record<string, string>> = {}): Promise<TestPdp> {
  const services = { ENGINE: 'embedded', PDP_SERVICES: 'care=care_plan+care_task+care_account', ...env }
  const started = await startTestPdp({ openFga: NO_OPENFGA, env: services })
  running.push(started)
  return started
}

function optionsFor({ issuer, pdp }: TestPdp, clientId = 'care') {
  const credentials = { clientId, clientSecret: 'secret' }
  return { issuer: issuer.issuer, pdpUrl: pdp.url, credentials, timeoutMs: 10_000 }
}

function adminOf(of: TestPdp, clientId?: string): PdpAdmin {
  const made = createPdpAdmin(optionsFor(of, clientId))
  running.push({ stop: made.close })
  return made
}

beforeAll(async () => {
  ;[tpdp, limited] = await Promise.all([start(), start({ PDP_SERVICE_PER_SECOND: '1' })])
  admin = adminOf(tpdp)
  for (const sub of ['sub-of-paul', 'sub-of-nina']) {
    const body = { title: 'patient', circle: 'home' }
    const made = await tpdp.call('POST', '/v1/personas', { as: { sub, azp: 'desktop' }, body })
    expect(made.status, made.text).toBe(201)
  }
  await admin.register({ ...PLAN, owner: paul, owner_persona: 'patient/home' })
})
afterAll(async () => {
  for (const { stop } of running.reverse()) await stop()
})

describe.for(FRAMEWORKS)('$name', (framework) => {
  let served: Served
  let logged: string[]
  const log = (fields: object, message: string) => void logged.push(`${JSON.stringify(fields)} ${message}`)

  beforeAll(async () => {
    served = await framework.serve({ ...optionsFor(tpdp), audience: 'care', logger: { warn: log, error: log } })
  })
  afterAll(() => served?.close())

  /** The response of a service whose handler does this. */
  async function response(run: () => Promise<void>) {
    const before = CALL.run
    CALL.run = run
    onTestFinished(() => {
      CALL.run = before
    })
    logged = []
    const { status, headers, ...answer } = await fetch(`${served.url}/conflict`).then(async (res) => ({
      status: res.status,
      headers: res.headers,
      body: (await res.json()) as Record<string, unknown>,
    }))
    expect(headers.get('content-type')).toMatch('application/problem+json')
    return { status, retryAfter: headers.get('retry-after'), ...answer }
  }

  test('422 and why, for an owner without the persona that the type needs', async () => {
    const without = await response(() => admin.register({ type: 'care_plan', id: 'plan-2', owner: paul }))
    expect(without).toMatchObject({
      status: 422,
      body: { code: 'persona_invalid', detail: expect.stringMatching(/persona/u) },
    })
    const unknown = { type: 'care_plan', id: 'plan-2', owner: paul, owner_persona: 'nurse/ward-3' }
    expect(await response(() => admin.register(unknown))).toMatchObject({
      status: 422,
      body: { code: 'persona_invalid' },
    })
    expect(logged).toEqual([])
  })

  test('409 for what is registered to another owner', async () => {
    const other = { ...PLAN, owner: 'user:sub-of-nina', owner_persona: 'patient/home' }
    expect(await response(() => admin.register(other))).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(logged).toEqual([])
  })

  test('503 for a service that the PDP does not know: its words are in the log, and not in the answer', async () => {
    const stranger = adminOf(tpdp, 'nobody')
    const registered = () => stranger.register({ ...PLAN, owner: paul, owner_persona: 'patient/home' })
    expect(await response(registered)).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
    expect(logged).toEqual([expect.stringMatching(/register: the PDP answered 403 \w+/u)])
  })

  test('503 with the PDP’s own Retry-After for a service that asks too much', async () => {
    const hasty = adminOf(limited)
    const often = async () => {
      for (let times = 0; times < 20; times += 1) await hasty.unregister('care_plan', `plan-${times}`)
    }
    const { status, retryAfter } = await response(often)
    expect([status, Number(retryAfter)]).toEqual([503, expect.toSatisfy((seconds: number) => seconds >= 1)])
    expect(logged).toEqual([expect.stringMatching(/unregister: the PDP answered 429 too_many_requests/u)])
  })
})

test('413: a question that is too large for the PDP is 503, with its size limit in the log', async () => {
  const lines: string[] = []
  const log = (fields: object, message: string) => void lines.push(`${JSON.stringify(fields)} ${message}`)
  const pep = createPep({ ...optionsFor(tpdp), audience: 'care', logger: { warn: log, error: log } })
  onTestFinished(() => pep.close())
  const token = await tpdp.issuer.token({ sub: 'sub-of-paul', azp: 'desktop', aud: 'care' })
  const resource = { ...PLAN, properties: { note: 'x'.repeat(2_000_000) } }
  const decided = await pep.decide({ headers: { authorization: `Bearer ${token}` }, action: 'read', resource })
  expect(decided).toMatchObject({ permitted: false, status: 503, problem: { code: 'decision_unavailable' } })
  expect(lines).toEqual([expect.stringMatching(/the PDP answered 413 payload_too_large/u)])
})
