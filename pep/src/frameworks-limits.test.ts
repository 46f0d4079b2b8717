/**
 * Limits on every framework: one list of cases, real HTTP servers. Express has them as middleware, the others as an option of `createPep`.
 *
 * @module
 */
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { FRAMEWORKS } from './frameworks.harness.ts'
import { DEFAULT_LIMITS, type LimitOptions } from './limits.ts'
import { quiet } from './quiet.fixture.ts'
import { answering, sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from './testing.ts'

const PERMIT = { decision: true, context: { evaluation_id: '01KE' } }

describe.for(FRAMEWORKS)('$name', (framework) => {
  let issuer: TestIssuer
  let pdp: TestPdp

  beforeAll(async () => {
    issuer = await startTestIssuer()
    pdp = await startTestPdp()
    pdp.answerWith(answering(() => PERMIT))
  })
  afterAll(async () => {
    await Promise.all([pdp.close(), issuer.close()])
  })

  async function limited(limits: Partial<LimitOptions>) {
    const credentials = { apiKey: 'key' }
    const common = { issuer: issuer.issuer, audience: 'notes', pdpUrl: pdp.url, credentials, logger: quiet }
    const served = await framework.serve({ ...common, limits: { ...DEFAULT_LIMITS, ...limits } })
    onTestFinished(served.close)
    const ask = async (path: string, claims?: object): Promise<Response> => {
      const headers = claims && { authorization: `Bearer ${await issuer.sign({ aud: 'notes', ...claims })}` }
      return await fetch(served.url + path, headers ? { headers } : {})
    }
    /** Asks ten times at once until a request is refused: on a slow machine the first ones may be too far apart. */
    const refused = async (path: string, claims?: object): Promise<Response> => {
      let found: Response | undefined
      await expect
        .poll(async () => {
          const responses = await Promise.all(Array.from({ length: 10 }, () => ask(path, claims)))
          found = responses.find(({ status }) => status === 429)
          return found !== undefined
        })
        .toBe(true)
      return found ?? expect.unreachable('all were let in')
    }
    return { ask, refused }
  }

  test('an address has a rate before anything is verified, open routes included, and is told when to come again', async () => {
    const { refused } = await limited({ addressPerSecond: 2 })
    for (const path of ['/livez', '/notes/n1']) {
      const response = await refused(path)
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
      expect(response.headers.get('content-type')).toMatch('application/problem+json')
      expect(await response.json()).toMatchObject({ code: 'too_many_requests', status: 429 })
    }
  })

  test('a person has a rate; another person is not held back by it', async () => {
    const { ask, refused } = await limited({ personPerMinute: 60, personBurst: 1 })
    expect(await (await refused('/notes/n1', {})).json()).toMatchObject({ code: 'too_many_requests' })
    expect((await ask('/notes/n1', { sub: 'yannick' })).status).toBe(200)
  })

  test('an agent has a rate for all people together', async () => {
    const { refused } = await limited({ servicePerSecond: 1 })
    expect(await (await refused('/notes/n1', { azp: 'bot' })).json()).toMatchObject({ code: 'too_many_requests' })
  })

  test('a request with several questions counts once', async () => {
    const { ask } = await limited({ personPerMinute: 60, personBurst: 0 })
    expect((await ask('/links/n1', { sub: 'mia' })).status).toBe(200)
  })

  test('beyond the concurrency limit nobody waits, and there is room again when one is done', async () => {
    const { ask, refused } = await limited({ concurrent: 1 })
    const waiting: ServerResponse[] = []
    pdp.answerWith((_asked, res) => void waiting.push(res))
    const slow = ask('/notes/n1', {})
    await expect.poll(() => waiting.length).toBe(1)
    expect((await refused('/livez')).status).toBe(429)
    pdp.answerWith(answering(() => PERMIT))
    for (const res of waiting) sendJson(res, 200, PERMIT)
    expect((await slow).status).toBe(200)
    await expect.poll(async () => (await ask('/livez')).status).toBe(200)
  })

  test('a limit that is no positive number is a mistake of the service', async () => {
    await expect(limited({ concurrent: 0, addressPerSecond: Number.NaN })).rejects.toThrow(
      /addressPerSecond, concurrent/u,
    )
  })
})
