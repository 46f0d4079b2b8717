import { Writable } from 'node:stream'
import { type Logger, pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { redact, redaction } from './redaction.ts'

const SECRET = 'eyJhbGciOi'

/** What pino writes. */
function logged(fields: object, write: (logger: Logger) => void = (logger) => logger.info(fields, 'said')): string {
  const lines: string[] = []
  const out = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk))
      done()
    },
  })
  write(pino(redaction, out))
  return lines.join('')
}

function within(depth: number, fields: object): object {
  return depth === 0 ? fields : { inner: within(depth - 1, fields) }
}

const NAMES = [
  'authorization',
  'Authorization',
  'proxy-authorization',
  'cookie',
  'Set-Cookie',
  'token',
  'accessToken',
  'access_token',
  'refresh_token',
  'idToken',
  'id_token',
  'client_assertion',
  'apiKey',
  'api-key',
  'apiToken',
  'clientSecret',
  'client_secret',
  'secret',
  'password',
  'privateKey',
]

describe.for([0, 1, 2, 3, 7])('in %i objects', (depth) => {
  test.for(NAMES)('%s is not written', (name) => {
    const line = logged(within(depth, { [name]: SECRET, beside: 'shown' }))
    expect(line).not.toContain(SECRET)
    expect(line).toContain('[redacted]')
    expect(line).toContain('shown')
  })
})

test('neither in a list, nor as an object, nor too deep to look at', () => {
  expect(logged({ calls: [{ token: SECRET }] })).not.toContain(SECRET)
  expect(logged({ token: { value: SECRET } })).not.toContain(SECRET)
  expect(logged(within(20, { token: SECRET }))).not.toContain(SECRET)
})

test('nor in an error that is logged alone', () => {
  const error = Object.assign(new Error('not sent'), { config: SECRET })
  const line = logged({}, (logger) => logger.error(error))
  expect(line).not.toContain(SECRET)
  expect(line).toContain('not sent')
})

test.for<readonly [string, object]>([
  ['of a request', { req: { headers: { 'x-key': SECRET } } }],
  ['as Node keeps them', { req: { rawHeaders: ['X-Key', SECRET] } }],
  ['of an answer', { call: { res: { headers: { 'x-key': SECRET } } } }],
])('headers are not written: %s', ([, fields]) => {
  expect(logged(fields)).not.toContain(SECRET)
})

test('what an HTTP client attaches to its error is not written; type, message, stack and code are', () => {
  const config = { url: 'http://x', data: SECRET }
  const cause = Object.assign(new Error('refused'), { config })
  const err = Object.assign(new TypeError('not sent', { cause }), { config, response: { headers: SECRET }, code: 'E1' })
  const line = logged({ err, cause })
  expect(line).not.toContain(SECRET)
  expect(JSON.parse(line)).toMatchObject({
    err: {
      type: 'TypeError',
      message: 'not sent: refused',
      stack: expect.stringContaining('redaction.test.ts'),
      code: 'E1',
      config: '[redacted]',
    },
    cause: { config: '[redacted]' },
  })
  expect(err.config).toBe(config)
})

test('everything else is written as it is, and the fields are not copied for it', () => {
  const fields = {
    route: '/notes/:id',
    status: 200,
    config: 'a.yaml',
    inner: { kid: 'a', list: [1, { b: undefined }] },
  }
  expect(redact(fields)).toBe(fields)
  expect(logged(fields)).toContain(
    '"route":"/notes/:id","status":200,"config":"a.yaml","inner":{"kid":"a","list":[1,{}]}',
  )
})

test('fields that go in a circle are looked at and written', () => {
  const circle: Record<string, unknown> = { token: SECRET }
  circle['self'] = circle
  expect(logged({ circle })).not.toContain(SECRET)
})
