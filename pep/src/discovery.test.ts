import { Agent } from 'undici'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createDiscovery, type DiscoveryOptions } from './discovery.ts'
import { startTestIssuer, type TestIssuer } from './testing.ts'

const HOUR_MS = 3_600_000
const DOCUMENT = '/tenant/.well-known/openid-configuration'
let issuer: TestIssuer
let clock: number

beforeEach(async () => {
  clock = 0
  issuer = await startTestIssuer({ path: '/tenant/' })
})
afterEach(() => issuer.close())

function discovery(options: Partial<DiscoveryOptions> = {}) {
  const dispatcher = new Agent()
  onTestFinished(() => dispatcher.close())
  const given = { issuer: issuer.issuer, timeoutMs: 5_000, plainHttpHosts: [], dispatcher, now: () => clock }
  return createDiscovery({ ...given, ...options })
}

test('the document is read once for all that ask at once, and again after an hour', async () => {
  const discover = discovery()
  const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => discover()))
  expect(first?.jwksUri).toMatch(/\/tenant\/protocol\/openid-connect\/certs$/u)
  expect(new Set(others)).toEqual(new Set([first]))
  clock = HOUR_MS - 1
  await discover()
  expect(issuer.hits.get(DOCUMENT)).toBe(1)
  clock = HOUR_MS
  await discover()
  await expect.poll(() => issuer.hits.get(DOCUMENT)).toBe(2)
})

test('while the provider is away, the document that was read last is used; without one it fails', async () => {
  const discover = discovery()
  const known = await discover()
  issuer.breakWith((res) => void res.destroy())
  clock = HOUR_MS
  expect(await discover()).toEqual(known)
  await expect.poll(() => issuer.hits.get(DOCUMENT)).toBe(2)
  expect(await discover()).toEqual(known)
  await expect(discovery()()).rejects.toThrow()
})

test('where the issuer is reached by another name, so are the endpoints that have the issuer’s', async () => {
  const issuerUrl = new URL(issuer.issuer)
  const identityUrl = `http://localhost:${issuerUrl.port}/tenant`
  const { jwksUri, tokenEndpoint } = await discovery({ identityUrl })()
  expect([jwksUri, tokenEndpoint]).toEqual([
    `${identityUrl}/protocol/openid-connect/certs`,
    `${identityUrl}/protocol/openid-connect/token`,
  ])
})
