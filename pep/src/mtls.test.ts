/**
 * mTLS on every hop of a service, with an authority of one's own: to the PDP, to the identity provider (keys and tokens), and from its own
 * clients. A certificate of another authority, or none, gets nowhere.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClientTls } from '@mandate/service'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPdpAdmin } from './admin.ts'
import { createPep } from './pep.ts'
import { serve } from './service.ts'
import { createServiceTokens } from './service-tokens.ts'
import { startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from './testing.ts'

const script = fileURLToPath(new URL('../../deploy/make-certificates.sh', import.meta.url))
const folders: string[] = []
let issuer: TestIssuer
let pdp: TestPdp
let ours: (name: string) => Required<ClientTls> & { cert: string; key: string }
let theirs: typeof ours

function authority(...names: string[]): typeof ours {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-ca-'))
  folders.push(folder)
  execFileSync(script, [folder, ...names], { stdio: 'pipe' })
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  return (name) => ({ ca: read('ca.pem'), cert: read(`${name}.pem`), key: read(`${name}.key`) })
}

beforeAll(async () => {
  ours = authority('pdp', 'keycloak', 'notes', 'desktop')
  theirs = authority('notes')
  const requiring = (name: string) => ({ tls: { ...ours(name), clientCa: ours(name).ca } })
  issuer = await startTestIssuer(requiring('keycloak'))
  pdp = await startTestPdp(requiring('pdp'))
})
afterAll(async () => {
  await Promise.all([pdp.close(), issuer.close()])
  for (const folder of folders) rmSync(folder, { recursive: true })
})

const shared = (tls: ClientTls) => ({
  issuer: issuer.issuer,
  credentials: { clientId: 'notes', clientSecret: 'secret' },
  tls,
})

async function decided(tls: ClientTls) {
  const pep = createPep({ ...shared(tls), audience: 'notes', pdpUrl: pdp.url })
  const headers = { authorization: `Bearer ${await issuer.sign({ aud: 'notes' })}` }
  const answer = await pep.decide({ headers, action: 'read', resource: { type: 'note', id: 'n1' } })
  await pep.close()
  return answer
}

test('with its certificate the service verifies, decides, registers and exchanges', async () => {
  expect(await decided(ours('notes'))).toMatchObject({ permitted: true })
  const admin = createPdpAdmin({ ...shared(ours('notes')), pdpUrl: pdp.url })
  await admin.register({ type: 'note', id: 'n1', owner: 'user:carlo' })
  const tokens = createServiceTokens(shared(ours('notes')))
  expect(await tokens.own('printing')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/u)
  await Promise.all([admin.close(), tokens.close()])
})

test.for<readonly [string, () => ClientTls]>([
  ['no certificate', () => ({ ca: ours('notes').ca })],
  ["another authority's certificate", () => ({ ...theirs('notes'), ca: ours('notes').ca })],
  ['a far side that it does not trust', () => theirs('notes')],
])('503, never a permit: %s', async ([, tls]) => {
  const asked = pdp.asked.length
  expect(await decided(tls())).toMatchObject({ permitted: false, status: 503 })
  expect(pdp.asked).toHaveLength(asked)
})

test('a certificate without its key is a mistake', () => {
  const { cert } = ours('notes')
  expect(() => createPep({ ...shared({ cert }), audience: 'notes', pdpUrl: pdp.url })).toThrow(
    'cert and key go together',
  )
})

test('the service itself lets in only who shows a certificate of the authority', async () => {
  const app = express()
  app.get('/', (_req, res) => void res.send('ok'))
  const { cert, key, ca } = ours('notes')
  const listener = await serve(app, { host: '127.0.0.1', port: 0, tls: { cert, key, clientCa: ca } })
  const status = (tls: ClientTls) =>
    new Promise((resolve) => {
      request(listener.url, { ...tls, agent: false }, (res) => resolve(res.resume().statusCode))
        .on('error', () => resolve('cut off'))
        .end()
    })
  expect(await status(ours('desktop'))).toBe(200)
  expect(await status({ ca })).toBe('cut off')
  expect(await status({ ...theirs('notes'), ca })).toBe('cut off')
  await listener.close()
})

test('services get new certificates from the same authority', () => {
  const [folder = ''] = folders
  const before = ours('notes')
  execFileSync(script, [folder, 'notes'], { stdio: 'pipe' })
  expect(ours('notes')).toMatchObject({ ca: before.ca })
  expect(ours('notes').cert).not.toBe(before.cert)
  expect(() => execFileSync(script, [folder, '../x'], { stdio: 'pipe' })).toThrow()
})
