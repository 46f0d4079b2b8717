import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { accountOf, clientTlsOf, readEnvironment, securityFindings } from './service.ts'
import type { KeyCredentials, Readable, SecretCredentials } from './token-endpoint.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pep-account-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const pemOf = (type: 'rsa' | 'ec' | 'ed25519' | 'x25519') => {
  const pairs = {
    rsa: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ec: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ed25519: () => generateKeyPairSync('ed25519'),
    x25519: () => generateKeyPairSync('x25519'),
  }
  return pairs[type]().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
const read = <T>(value: Readable<T>): T | Promise<T> =>
  typeof value === 'function' ? (value as () => T | Promise<T>)() : value
const secretOf = (credentials: SecretCredentials | KeyCredentials) =>
  'clientSecret' in credentials ? read(credentials.clientSecret) : expect.unreachable()
const keyOf = (credentials: SecretCredentials | KeyCredentials) =>
  'privateKey' in credentials ? read(credentials.privateKey) : expect.unreachable()
const bySecret = { clientId: 'notes', clientSecret: 'as it was at the start', clientKey: undefined }

test('a secret that came from a file is read anew each time; one from the environment stays', async () => {
  const file = join(folder, 'secret')
  writeFileSync(file, 'one\n')
  const account = accountOf({ NOTES_CLIENT_SECRET_FILE: file }, 'NOTES_', bySecret)
  expect(await secretOf(account)).toBe('one')
  writeFileSync(file, 'two\n')
  expect(await secretOf(account)).toBe('two')
  expect(await secretOf(accountOf({}, 'NOTES_', bySecret))).toBe('as it was at the start')
})

test('a file of secrets has one a line; one that is empty or gone leaves the former in use', async () => {
  const file = join(folder, 'secrets')
  writeFileSync(file, 'new\nformer\n')
  const account = accountOf({ NOTES_CLIENT_SECRET_FILE: file }, 'NOTES_', bySecret)
  expect(await secretOf(account)).toEqual(['new', 'former'])
  writeFileSync(file, '')
  expect(await secretOf(account)).toEqual(['new', 'former'])
  rmSync(file)
  expect(await secretOf(account)).toEqual(['new', 'former'])
})

test.for([
  ['rsa', 'RS256'],
  ['ec', 'ES256'],
  ['ed25519', 'EdDSA'],
] as const)('a key says how it signs: %s', async ([type, alg]) => {
  const account = accountOf({}, 'NOTES_', { clientId: 'notes', clientSecret: undefined, clientKey: pemOf(type) })
  expect(await keyOf(account)).toMatchObject({ alg, pem: expect.stringContaining('PRIVATE KEY') })
})

const settings = {
  prefix: 'NOTES_',
  nodeEnv: 'production',
  host: '127.0.0.1',
  trustProxy: undefined,
  cert: undefined,
  key: undefined,
}

test.for<readonly [string, Partial<Parameters<typeof securityFindings>[0]>, RegExp]>([
  ['neither secret nor key', { secret: undefined }, /^NOTES_CLIENT_SECRET or NOTES_CLIENT_KEY .*give one of them/u],
  ['both', { secret: 'x'.repeat(32), clientKey: pemOf('ec') }, /give one of them/u],
  ['a key that is none', { secret: undefined, clientKey: 'x' }, /^NOTES_CLIENT_KEY: must be PKCS #8/u],
  ['a key that signs nothing', { secret: undefined, clientKey: pemOf('x25519') }, /RSA, EC on P-256, or Ed25519/u],
  [
    'a PDP in plain HTTP off loopback',
    { secret: 'x'.repeat(32), nodeEnv: undefined, calls: { NOTES_PDP_URL: 'http://pdp:8181' } },
    /NOTES_PDP_URL: plain HTTP to pdp, .*PLAIN_HTTP_HOSTS/u,
  ],
  [
    'callers’ certificates without one of its own',
    { secret: 'x'.repeat(32), clientCa: 'x' },
    /^NOTES_TLS_CLIENT_CA: it needs/u,
  ],
  ['a secret of fifteen characters', { secret: 'x'.repeat(15) }, /^NOTES_CLIENT_SECRET: .*at least 16 characters/u],
  ['a listener in plain HTTP off loopback', { host: '0.0.0.0' }, /^NOTES_HOST: plain HTTP off loopback/u],
])('refused: %s', ([, given, objection]) => {
  expect(securityFindings({ ...settings, secret: 'x'.repeat(32), ...given }).join('\n')).toMatch(objection)
})

test('a key instead of a secret is no objection, and TLS is shown only where it is given', () => {
  expect(securityFindings({ ...settings, secret: undefined, clientKey: pemOf('ed25519') })).toEqual([])
  expect(clientTlsOf({ ca: undefined, cert: undefined, key: undefined })).toBeUndefined()
  expect(clientTlsOf({ ca: 'a' })).toEqual({ ca: 'a', cert: undefined, key: undefined })
})

test('no service starts where certificates go unverified', () => {
  const rules = { prefix: 'NOTES_', schema: z.strictObject({}) }
  const read = (value: string) => (): unknown => readEnvironment({ NODE_TLS_REJECT_UNAUTHORIZED: value }, rules)
  expect(read('0')).toThrow(/NODE_TLS_REJECT_UNAUTHORIZED: must not be 0/u)
  expect(read('1')()).toEqual({})
})
