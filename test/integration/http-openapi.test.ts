/**
 * `GET /openapi.json`: its form, and what it promises of every address. Answers are compared with it in every test (`support/documented.ts`)
 * and by fuzzing (`test/fuzz/openapi.test.ts`).
 *
 * @module
 */
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { TRIPS } from '../fixtures/pdp.ts'
import { useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })

describe('the document', () => {
  test('is public, can be cached, and valid', async () => {
    const { status, headers, body } = await suite.tpdp.call('GET', '/openapi.json')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('application/json')
    expect(headers.get('cache-control')).toContain('max-age=')
    expect(await new Validator().validate(body)).toMatchObject({ valid: true })
    expect(body.servers).toEqual([{ url: suite.tpdp.pdp.url }])
  })
})

describe('an address takes its own methods and no others', () => {
  test.for([
    ['PUT', '/access/v1/evaluation', 'POST'],
    ['GET', '/access/v1/search/subject', 'POST'],
    ['PATCH', '/v1/grants', 'POST, GET, HEAD'],
    ['POST', '/v1/grants/01KAQWERTY0123456789ABCDEF', 'GET, HEAD'],
    ['POST', '/v1/subjects/me', 'DELETE'],
    ['POST', '/log/checkpoint', 'GET, HEAD'],
    ['DELETE', '/v1/decisions', 'GET, HEAD'],
  ] as const)('%s %s is 405, with %s', async ([method, path, allow]) => {
    const { status, headers, body } = await suite.tpdp.call(method, path, { as: TRIPS })
    expect([status, body.code, headers.get('allow')]).toEqual([405, 'method_not_allowed', allow])
  })

  test('without a token its existence is not revealed', async () => {
    expect((await suite.tpdp.call('PUT', '/v1/grants')).status).toBe(401)
    const { status, headers } = await suite.tpdp.call('POST', '/livez')
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('a key that was used stands for its request, whatever else is wrong', async () => {
    const headers = { 'idempotency-key': 'one-and-the-same' }
    const as = suite.world.as('A')
    await suite.tpdp.call('POST', '/v1/grants/preview', { as, headers, body: {} })
    expect((await suite.tpdp.call('PUT', '/v1/grants/preview', { as, headers, body: {} })).status).toBe(405)
  })
})
