/**
 * AuthZEN 1.0 over HTTP: what the specification and its certification scenario demand of evaluation, evaluations and metadata, and which
 * requests the PDP refuses beyond that.
 *
 * @module
 */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Answer, type CallOptions, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, evaluate, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const ONE = '/access/v1/evaluation'
const MANY = '/access/v1/evaluations'

type Question = Readonly<Record<string, unknown>>
const permitted = (): Question => suite.world.question({ subject: 'A', action: 'execute', item: 'flight' })
const send = (path: string, body: unknown, options: CallOptions = {}): Promise<Answer> =>
  suite.tpdp.call('POST', path, { as: TRIPS, body, ...options })

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(answer.body).toMatchObject({ type: `urn:mandate:problem:${code}`, status, code, title: expect.any(String) })
  expect(answer.headers.get('x-request-id')).toBe(answer.body.request_id)
}

describe('a body that is no request is 400 at both addresses', () => {
  const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  test.for<readonly [string, string]>([
    ['nothing', ''],
    ['malformed JSON', '{"subject":'],
    ['two values', '{}{}'],
    ['an array', '[]'],
    ['a string', '"x"'],
    ['null', 'null'],
    ['a member twice', '{"subject":{"type":"user","id":"a","id":"b"}}'],
    ['a member twice, spelled in two ways', '{"a":1,"\\u0061":2}'],
    ['33 levels', deep(33)],
    ['a thousand levels', '['.repeat(1_000) + ']'.repeat(1_000)],
    ['an unfinished escape', '{"a":"\\u00"}'],
  ])('%s', async ([, body]) => {
    for (const path of [ONE, MANY]) expectProblem(await send(path, body), 400, 'invalid_request')
  })

  test('bytes that are not UTF-8', async () => {
    const token = await suite.tpdp.issuer.token(TRIPS)
    const text = JSON.stringify({ ...permitted(), context: { note: '??' } })
    const bytes = Buffer.from(text)
    bytes.set([0xff, 0xfe], text.indexOf('??'))
    const response = await fetch(`${suite.tpdp.pdp.url}${ONE}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: bytes,
    })
    expect(response.status).toBe(400)
  })

  test.for([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const)('compressed with %s, and broken', async ([encoding, compressed]) => {
    const token = await suite.tpdp.issuer.token(TRIPS)
    const good = compressed(JSON.stringify(permitted()))
    const post = async (path: string, body: Uint8Array<ArrayBuffer>): Promise<readonly [number, string]> => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-encoding': encoding,
      }
      const response = await fetch(suite.tpdp.pdp.url + path, { method: 'POST', headers, body })
      return [response.status, await response.text()]
    }
    expect((await post(ONE, good))[0]).toBe(200)
    const flipped = good.map((byte, at) => (at > 5 ? byte ^ 0x55 : byte))
    for (const broken of [good.subarray(0, -5), flipped, Buffer.from('{}'), new Uint8Array()])
      for (const path of [ONE, MANY, '/access/v1/search/action', '/v1/facts', '/v1/grants', '/backchannel-logout']) {
        const [status, text] = await post(path, broken)
        expect([status, text], path).toEqual([400, expect.stringContaining('"invalid_request"')])
      }
    const [status] = await post(ONE, compressed(Buffer.alloc(5_000_000, 32)))
    expect(status).toBe(413)
  })

  test('32 levels are not too many', async () => {
    const question = { ...permitted(), context: JSON.parse(deep(31)) }
    expect((await send(ONE, question)).body.decision).toBe(true)
  })
})

describe('a known member has its type, wherever it stands', () => {
  test.for<readonly [string, (question: Question) => unknown]>([
    ['subject', ({ subject: _, ...rest }) => rest],
    ['action', ({ action: _, ...rest }) => rest],
    ['resource', ({ resource: _, ...rest }) => rest],
    ['subject', (question) => ({ ...question, subject: 'alice' })],
    ['subject', (question) => ({ ...question, subject: null })],
    ['subject', (question) => ({ ...question, subject: [] })],
    ['type', (question) => ({ ...question, subject: { id: 'a' } })],
    ['id', (question) => ({ ...question, subject: { type: 'user' } })],
    ['id', (question) => ({ ...question, subject: { type: 'user', id: 5 } })],
    ['type', (question) => ({ ...question, subject: { type: '', id: 'a' } })],
    ['properties', (question) => ({ ...question, subject: { type: 'user', id: 'a', properties: 'x' } })],
    ['persona', (question) => ({ ...question, subject: { type: 'user', id: 'a', properties: { persona: 1 } } })],
    ['act', (question) => ({ ...question, subject: { type: 'user', id: 'a', properties: { act: 'x' } } })],
    ['sub', (question) => ({ ...question, subject: { type: 'user', id: 'a', properties: { act: {} } } })],
    ['name', (question) => ({ ...question, action: { name: 123 } })],
    ['name', (question) => ({ ...question, action: {} })],
    ['action', (question) => ({ ...question, action: 'read' })],
    ['id', (question) => ({ ...question, resource: { type: 'workflow' } })],
    ['resource.type', (question) => ({ ...question, resource: { type: 'work\nflow', id: 'a' } })],
    ['type', (question) => ({ ...question, subject: { type: 'us\u0000er', id: 'a' } })],
    ['sid', (question) => ({ ...question, subject: { type: 'user', id: 'a', properties: { sid: 5 } } })],
    ['properties', (question) => ({ ...question, resource: { type: 'workflow', id: 'a', properties: [] } })],
    ['context', (question) => ({ ...question, context: 'now' })],
  ])('%s', async ([member, change]) => {
    const body = change(permitted())
    const answer = await send(ONE, body)
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.body.detail).toContain(member)
    // In a batch it is the item's own affair.
    const { body: batch, status } = await send(MANY, { evaluations: [body, permitted()] })
    expect(status).toBe(200)
    expect(batch.evaluations).toMatchObject([
      { decision: false, context: { error: { status: 400 } } },
      { decision: true },
    ])
  })

  test.for([
    'a'.repeat(1_024),
    'é'.repeat(512),
    'a@b',
    'a b',
    'a|b~c.d/e',
    '"',
    '\u{1F600}',
    '__proto__',
    '*',
    'a#b',
    'a:b',
  ])('A5: the id %s is one', async (id) => {
    const { status, body } = await evaluate(suite.tpdp, { ...permitted(), subject: { type: 'user', id } })
    expect({ status, decision: body.decision }).toEqual({ status: 200, decision: false })
  })

  test.for(['a'.repeat(1_025), `${'é'.repeat(512)}a`, 'a\nb', 'a\u0000', 'a\u007f', '\u{d800}', ''])(
    'A5: %j is none, of a subject, an actor or a resource',
    async (id) => {
      const user = { type: 'user', id: 'a', properties: { act: { sub: id } } }
      for (const change of [
        { subject: { type: 'user', id } },
        { subject: user },
        { resource: { type: 'workflow', id } },
      ])
        expectProblem(await send(ONE, { ...permitted(), ...change }), 400, 'invalid_request')
    },
  )
})

describe('A1: a subject of a type that the domain does not know is denied', () => {
  test.for(['robot', 'User', 'user ', 'a:b', '*', 'workflow', 'constructor'])('%s', async (type) => {
    const body = { ...permitted(), subject: { type, id: 'a' } }
    const answer = await send(ONE, body)
    expect(answer).toMatchObject({ status: 200, body: { decision: false, context: { reason: 'subject_invalid' } } })
    const entry = await suite.tpdp.call('GET', `/v1/decisions/${answer.headers.get('x-evaluation-id')}`, {
      as: AUDITOR,
    })
    expect(entry.body).toMatchObject({ kind: 'evaluation', decision: false, reasons: [{ code: 'subject_invalid' }] })
    expect(entry.body).not.toHaveProperty('subject')
    const { body: batch } = await send(MANY, { evaluations: [body, permitted()] })
    expect(batch).toEqual({ evaluations: [{ decision: false }, { decision: true }] })
  })

  test('what is unknown of the resource comes first, and nobody may ask in a name that is not theirs', async () => {
    const robot = { type: 'robot', id: 'a' }
    const unknownType = { ...permitted(), subject: robot, resource: { type: 'workfow', id: 'a' } }
    expect((await send(ONE, unknownType, { as: AUDITOR })).body.context.reason).toBe('resource_unknown')
    const asPerson = { as: suite.world.as('A') }
    expect((await send(ONE, { ...permitted(), subject: robot }, asPerson)).status).toBe(403)
  })

  test('a type with a colon is not the type before it', async () => {
    const { resource } = permitted() as { readonly resource: { readonly id: string } }
    const split = { ...permitted(), resource: { type: 'workflow:x', id: resource.id } }
    expect((await send(ONE, split, { as: AUDITOR })).body).toMatchObject({
      decision: false,
      context: { reason: 'resource_unknown' },
    })
  })
})

describe('what the PDP does not know it leaves alone', () => {
  test('unknown members at every level change nothing', async () => {
    const [subject, action, resource] = ['subject', 'action', 'resource'].map((name) => permitted()[name] as object)
    const extra = { future: { a: [1, null] } }
    const body = {
      subject: { ...subject, ...extra },
      action: { ...action, ...extra, properties: extra },
      resource: { ...resource, ...extra },
      context: extra,
      ...extra,
    }
    expect((await send(ONE, body)).body.decision).toBe(true)
    expect((await send(MANY, { evaluations: [{ ...body, ...extra }], options: extra })).body).toEqual({
      evaluations: [{ decision: true }],
    })
  })

  test('members in any order are the same request', async () => {
    const backwards = Object.fromEntries(Object.entries(permitted()).toReversed())
    expect((await send(ONE, backwards)).body.decision).toBe(true)
  })

  test.for(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])('%s is JSON', async (type) => {
    expect((await send(ONE, permitted(), { headers: { 'content-type': type } })).status).toBe(200)
  })

  test.for(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    '%s is not',
    async (type) => {
      for (const path of [ONE, MANY])
        expectProblem(await send(path, permitted(), { headers: { 'content-type': type } }), 400, 'invalid_request')
    },
  )

  test('no content type at all is none either', async () => {
    const token = await suite.tpdp.issuer.token(TRIPS)
    const body = new Blob([JSON.stringify(permitted())])
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${suite.tpdp.pdp.url}${ONE}`, { method: 'POST', headers, body })).status).toBe(400)
  })
})

describe('sizes', () => {
  const padded = (bytes: number) => {
    const bare = JSON.stringify({ ...permitted(), pad: '' }).length
    return { ...permitted(), pad: 'x'.repeat(bytes - bare) }
  }

  test('an evaluation of 64 KiB is read, one byte more is 413', async () => {
    expect((await send(ONE, padded(65_536))).status).toBe(200)
    const refused = await send(ONE, padded(65_537))
    expectProblem(refused, 413, 'payload_too_large')
    expect(refused.body).toMatchObject({ detail: 'The body may take 65536 bytes.' })
    expectProblem(await send('/v1/grants', padded(65_537), { as: suite.world.as('A') }), 413, 'payload_too_large')
  })

  test('a batch of 1 MiB is read, one byte more is 413', async () => {
    expect((await send(MANY, padded(1_048_576))).status).toBe(200)
    expectProblem(await send(MANY, padded(1_048_577)), 413, 'payload_too_large')
  })

  test('a thousand items are answered, one more is 400', async () => {
    const { subject, action, resource } = permitted()
    const items = (count: number) => Array.from({ length: count }, () => ({}))
    const { body } = await send(MANY, { subject, action, resource, evaluations: items(1_000) })
    expect(body.evaluations).toHaveLength(1_000)
    expectProblem(await send(MANY, { subject, action, resource, evaluations: items(1_001) }), 400, 'invalid_request')
  })
})

describe('the request id', () => {
  test.for(['abc', '6f1c1e0a-3b1e-4c65-9d0e-1f2e3d4c5b6a', 'with blanks and "quotes"', 'x'.repeat(512)])(
    'comes back as sent: %s',
    async (id) => {
      const headers = { 'x-request-id': id }
      const answers = [
        await send(ONE, permitted(), { headers }),
        await send(MANY, { evaluations: [permitted()] }, { headers }),
        await send(ONE, '{', { headers }),
        await send(ONE, { pad: 'x'.repeat(70_000) }, { headers }),
        await suite.tpdp.call('POST', ONE, { headers, body: permitted() }),
        await suite.tpdp.call('GET', '/nowhere', { headers, as: TRIPS }),
        await suite.tpdp.call('GET', '/.well-known/authzen-configuration', { headers }),
      ]
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 413, 401, 404, 200])
      for (const answer of answers) expect(answer.headers.get('x-request-id')).toBe(id)
    },
  )

  test('whoever sends none gets one', async () => {
    expect((await send(ONE, permitted())).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})
