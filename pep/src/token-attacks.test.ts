/**
 * Tokens that an attacker, or an issuer of poor quality, makes: headers and key sets against the verification, each with a real HTTP issuer.
 *
 * @module
 */
import { createHmac, createPublicKey, KeyObject, sign } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { PepOptions } from './options.ts'
import { createPep } from './pep.ts'
import { quiet } from './quiet.fixture.ts'
import { sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from './testing.ts'

const resource = { type: 'note', id: 'n1' }
const CERTS = '/realms/test/protocol/openid-connect/certs'
let issuer: TestIssuer
let pdp: TestPdp

beforeAll(async () => {
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
})
afterAll(async () => {
  await Promise.all([issuer.close(), pdp.close()])
})

/** An enforcement point that has fetched no keys yet. */
function newPep(options: Partial<PepOptions> = {}) {
  const { issuer: iss } = issuer
  const credentials = { apiKey: 'key' }
  const pep = createPep({ issuer: iss, audience: 'notes', pdpUrl: pdp.url, credentials, logger: quiet, ...options })
  onTestFinished(() => pep.close())
  return async (token: string): Promise<number> => {
    const decided = await pep.decide({ headers: { authorization: `Bearer ${token}` }, action: 'read', resource })
    return decided.permitted ? 200 : decided.status
  }
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

function claimsOf(more: object = {}): object {
  const now = Math.floor(Date.now() / 1_000)
  const person = { sub: 'carlo', azp: 'desktop', jti: 'j' }
  return { iss: issuer.issuer, aud: 'notes', ...person, iat: now, exp: now + 300, ...more }
}

/** Signed with the issuer's own key, whatever the header says. */
function signed(header: object, more: object = {}): string {
  const input = `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 'test-key', ...header })}.${encode(claimsOf(more))}`
  return `${input}.${sign('sha256', Buffer.from(input), KeyObject.from(issuer.privateKey)).toString('base64url')}`
}

test('a token made by hand is accepted, so that the refusals below are about what they name', async () => {
  expect(await newPep()(signed({}))).toBe(200)
})

test.for<readonly [string, object]>([
  ['an extension that must be understood', { crit: ['exp'], exp: 0 }],
  ['an unknown extension that must be understood', { crit: ['urn:example'], 'urn:example': true }],
  ['an unencoded payload', { crit: ['b64'], b64: false }],
  ['an empty list of extensions', { crit: [] }],
  ['an algorithm that is a list', { alg: ['RS256'] }],
  ['no algorithm', { alg: undefined }],
  ['an algorithm in another case', { alg: 'rs256' }],
  ['the algorithm none', { alg: 'none' }],
  ['another algorithm of the same key', { alg: 'PS256' }],
  ['a longer hash than is listed', { alg: 'RS512' }],
  ['a type that is a number', { typ: 5 }],
  ['a type that is a list', { typ: ['at+jwt'] }],
])('401: a signature of the issuer with %s', async ([, header]) => {
  expect(await newPep()(signed(header))).toBe(401)
  expect(await newPep({ provider: { tokenType: 'any' } })(signed(header))).toBe(401)
})

test.for<readonly [string, object]>([
  ['an audience list with something that is no text', { aud: ['notes', 5] }],
  ['a list in the audience list', { aud: ['notes', ['pdp']] }],
  ['an empty audience list', { aud: [] }],
  ['an audience that is an object', { aud: { notes: true } }],
  ['an audience that is a pattern', { aud: '*' }],
  ['an issuer list', { iss: ['anything'] }],
  ['an expiry that is a text', { exp: '9999999999' }],
  ['an expiry beyond all numbers', { exp: 1e300 }],
  ['a subject that is a number', { sub: 5 }],
  ['a subject that is a list', { sub: ['carlo'] }],
  ['a client that is a list', { azp: ['desktop'] }],
  ['a confirmation of mutual TLS', { cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } }],
  ['a confirmation of DPoP', { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }],
  ['an empty confirmation', { cnf: {} }],
  ['a confirmation of null', { cnf: null }],
])('401, by either kind of token: %s', async ([, claims]) => {
  expect(await newPep()(signed({}, claims))).toBe(401)
  expect(await newPep({ provider: { tokenType: 'any' } })(signed({ typ: 'JWT' }, claims))).toBe(401)
})

test('401: the issuer’s public key as the secret of an HMAC', async () => {
  const key = createPublicKey(KeyObject.from(issuer.privateKey).export({ type: 'pkcs8', format: 'pem' }))
  const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'test-key' })}.${encode(claimsOf())}`
  for (const secret of [
    key.export({ type: 'spki', format: 'pem' }),
    key.export({ type: 'spki', format: 'der' }),
    JSON.stringify(key.export({ format: 'jwk' })),
  ]) {
    const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
    expect(await newPep()(token)).toBe(401)
  }
})

test('401: a key that the token brings itself, or says where to fetch; nothing is fetched from there', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = await exportJWK(publicKey)
  const before = issuer.hits.get('/evil') ?? 0
  const evil = issuer.issuer.replace('/realms/test', '/evil')
  for (const header of [{ jwk }, { jku: evil }, { x5u: evil }, { x5c: ['MIIB'] }, { jwk, kid: undefined }])
    expect(await newPep()(await issuer.sign({ aud: 'notes' }, header as object, privateKey))).toBe(401)
  expect(issuer.hits.get('/evil') ?? 0).toBe(before)
})

/** Makes the issuer publish these keys. */
function publish(keys: readonly object[]): void {
  const answer = (res: ServerResponse): void =>
    res.req.url === CERTS
      ? sendJson(res, 200, { keys })
      : sendJson(res, 200, { issuer: issuer.issuer, jwks_uri: issuer.issuer.replace('/realms/test', CERTS) })
  issuer.breakWith(answer)
  onTestFinished(() => issuer.breakWith(undefined))
}

async function keyPair(alg: string, more: object = {}) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: 'one', use: 'sig', ...more } as JWK }
}

test('two keys of one kid: each counts for its own algorithm, and two of the same algorithm for nothing', async () => {
  const [rsa, elliptic, other] = await Promise.all([keyPair('RS256'), keyPair('ES256'), keyPair('RS256')])
  const token = (key: typeof rsa, alg: string) => issuer.sign({ aud: 'notes' }, { alg, kid: 'one' }, key.privateKey)
  publish([rsa.jwk, elliptic.jwk])
  const ask = newPep()
  expect([await ask(await token(rsa, 'RS256')), await ask(await token(elliptic, 'ES256'))]).toEqual([200, 200])
  publish([rsa.jwk, other.jwk])
  expect(await newPep()(await token(rsa, 'RS256'))).toBe(401)
})

test('a token without kid counts where the issuer has one key that fits, and nowhere else', async () => {
  const [one, two] = await Promise.all([keyPair('RS256'), keyPair('RS256', { kid: 'two' })])
  const token = await issuer.sign({ aud: 'notes' }, { kid: undefined as never }, one.privateKey)
  publish([one.jwk])
  expect(await newPep()(token)).toBe(200)
  publish([one.jwk, two.jwk])
  expect(await newPep()(token)).toBe(401)
})

test.for<readonly [string, object]>([
  ['is for encryption', { use: 'enc' }],
  ['is for another operation', { use: undefined, key_ops: ['encrypt'] }],
  ['is for another algorithm', { alg: 'RS512' }],
])('401: a key of the issuer that %s', async ([, more]) => {
  const key = await keyPair('RS256', more)
  publish([key.jwk])
  expect(await newPep()(await issuer.sign({ aud: 'notes' }, { kid: 'one' }, key.privateKey))).toBe(401)
})

test('401: a shared secret in the key set', async () => {
  const k = Buffer.from('a secret of thirty-two characters').toString('base64url')
  publish([{ kty: 'oct', k, kid: 'one', alg: 'HS256' }])
  const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'one' })}.${encode(claimsOf())}`
  const token = `${input}.${createHmac('sha256', Buffer.from(k, 'base64url')).update(input).digest('base64url')}`
  expect(await newPep()(token)).toBe(401)
})

test('a flood of tokens with unknown keys is a few fetches, and holds back no good token', async () => {
  const ask = newPep()
  expect(await ask(await issuer.sign({ aud: 'notes' }))).toBe(200)
  const before = issuer.hits.get(CERTS) ?? 0
  const { privateKey } = await generateKeyPair('RS256')
  const forged = Array.from({ length: 200 }, (_, at) =>
    issuer.sign({ aud: 'notes', jti: `forged-${at}` }, { kid: `made-up-${at}` }, privateKey).then(ask),
  )
  expect(await ask(await issuer.sign({ aud: 'notes' }))).toBe(200)
  expect(new Set(await Promise.all(forged))).toEqual(new Set([401]))
  expect((issuer.hits.get(CERTS) ?? 0) - before).toBeLessThanOrEqual(3)
})

test('the issuer’s new key counts at once, and the one that it withdrew no longer after the next fetch', async () => {
  const [old, next] = await Promise.all([keyPair('RS256', { kid: 'old' }), keyPair('RS256', { kid: 'next' })])
  const token = (kid: string, key: typeof old, jti: string) =>
    issuer.sign({ aud: 'notes', jti }, { kid }, key.privateKey)
  publish([old.jwk])
  const ask = newPep()
  expect(await ask(await token('old', old, 'a'))).toBe(200)
  publish([next.jwk])
  expect(await ask(await token('next', next, 'b'))).toBe(200)
  expect(await ask(await token('old', old, 'c'))).toBe(401)
})
