/**
 * Signed metadata (AuthZEN 1.0, section 9.2), verified as a PEP would: with jose, against the key set that the metadata name.
 *
 * @module
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { Agent, request } from 'undici'
import { test as base, describe, expect, inject, onTestFinished } from 'vitest'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { makeCertificates } from '../support/tls-front.ts'

const METADATA = '/.well-known/authzen-configuration'
const KEYS = '/.well-known/jwks.json'

/** A PDP that signs with a key, or without one. */
const test = base.extend<{ start: (pem?: string) => Promise<TestPdp> }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern
  start: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'mandate-key-'))
    const started: TestPdp[] = []
    await use(async (pem) => {
      const path = join(folder, 'metadata.key')
      if (pem) await writeFile(path, pem, { mode: 0o600 })
      const env = { PDP_PUBLIC_URL: 'https://pdp.example', ...(pem ? { PDP_METADATA_KEY_FILE: path } : {}) }
      const tpdp = await startTestPdp({ openFga: inject('openFga'), env })
      started.push(tpdp)
      return tpdp
    })
    for (const tpdp of started) await tpdp.stop()
    await rm(folder, { recursive: true })
  },
})

const pemOf = ({ privateKey }: { readonly privateKey: { export(options: object): string | Buffer } }): string =>
  String(privateKey.export({ type: 'pkcs8', format: 'pem' }))

describe('with a key', () => {
  test.for([
    ['EdDSA', () => pemOf(generateKeyPairSync('ed25519'))],
    ['ES256', () => pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }))],
  ] as const)('the metadata are signed: %s', async ([alg, pem], { start }) => {
    const tpdp = await start(pem())
    const { body } = await tpdp.call('GET', METADATA)
    const { signed_metadata: jwt, ...metadata } = body
    expect(metadata.jwks_uri).toBe(`https://pdp.example${KEYS}`)
    const { body: keys, headers } = await tpdp.call('GET', KEYS)
    expect(headers.get('cache-control')).toContain('max-age=')
    expect(JSON.stringify(keys)).not.toContain('"d"')
    const issuer = 'https://pdp.example'
    const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(keys), { issuer, algorithms: [alg] })
    expect(protectedHeader).toMatchObject({ alg, kid: keys.keys[0].kid })
    const { iss, iat, ...claims } = payload
    expect(iss).toBe(metadata.policy_decision_point)
    expect(Math.abs((iat ?? 0) - tpdp.now() / 1000)).toBeLessThan(60)
    expect(claims).toEqual(metadata)
  })

  test('they are the same each time, and other keys do not fit', async ({ start }) => {
    const tpdp = await start(pemOf(generateKeyPairSync('ed25519')))
    const [first, second] = [await tpdp.call('GET', METADATA), await tpdp.call('GET', METADATA)]
    expect(first.text).toBe(second.text)
    const elsewhere = await start(pemOf(generateKeyPairSync('ed25519')))
    const keys = createLocalJWKSet((await elsewhere.call('GET', KEYS)).body)
    await expect(jwtVerify(first.body.signed_metadata, keys)).rejects.toThrow()
  })
})

test('without one nothing is signed, and there is no key set', async ({ start }) => {
  const tpdp = await start()
  const { body } = await tpdp.call('GET', METADATA)
  expect(Object.keys(body)).not.toContain('signed_metadata')
  expect(Object.keys(body)).not.toContain('jwks_uri')
  expect((await tpdp.call('GET', KEYS)).status).toBe(404)
})

describe('the PDP names itself', () => {
  const at = async (env: Readonly<Record<string, string>>) => {
    const tpdp = await startTestPdp({ openFga: inject('openFga'), env })
    onTestFinished(() => tpdp.stop())
    return tpdp
  }

  test('by the port that it took, where none was chosen', async () => {
    const { pdp, call } = await at({})
    const { body, headers } = await call('GET', METADATA)
    expect(body.policy_decision_point).toBe(pdp.url)
    expect(body.access_evaluation_endpoint).toBe(`${pdp.url}/access/v1/evaluation`)
    expect((await call('GET', '/openapi.json')).body.servers).toEqual([{ url: pdp.url }])
    expect(headers.has('strict-transport-security')).toBe(false)
  })

  test('by https behind its own certificate, which it tells browsers to insist on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mandate-tls-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    makeCertificates(folder, 'pdp')
    const [ca, cert, key] = ['ca.pem', 'pdp.pem', 'pdp.key'].map((name) => join(folder, name))
    const { pdp } = await at({ PDP_TLS_CERT_FILE: cert ?? '', PDP_TLS_KEY_FILE: key ?? '' })
    const dispatcher = new Agent({ connect: { ca: await readFile(ca ?? '') } })
    const answer = await request(pdp.url + METADATA, { dispatcher })
    expect(await answer.body.json()).toMatchObject({ policy_decision_point: pdp.url })
    expect(pdp.url).toMatch(/^https:/u)
    expect(answer.headers['strict-transport-security']).toContain('max-age=')
    await dispatcher.close()
  })

  test.for(['https://pdp.example/tenant1', 'https://pdp.example/tenant1/'])(
    'as %s, and answers where the well-known name stands before the path',
    async (identifier) => {
      const { call } = await at({ PDP_PUBLIC_URL: identifier })
      for (const path of [METADATA, `${METADATA}/tenant1`]) {
        const { status, body } = await call('GET', path)
        expect([status, body.policy_decision_point]).toEqual([200, identifier])
        expect(body.search_action_endpoint).toBe('https://pdp.example/tenant1/access/v1/search/action')
      }
      expect((await call('POST', `${METADATA}/tenant1`)).status).toBe(405)
      expect((await call('GET', `${METADATA}/tenant2`)).status).toBe(401)
    },
  )
})
