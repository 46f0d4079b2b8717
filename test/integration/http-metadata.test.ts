/**
 * Signed metadata (AuthZEN 1.0, section 9.2), verified as a PEP would: with jose, against the key set that the metadata name.
 *
 * @module
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { test as base, describe, expect, inject } from 'vitest'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'

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
