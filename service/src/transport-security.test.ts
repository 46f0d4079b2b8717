import { beforeAll, expect, test } from 'vitest'
import { makeCertificate } from './certificate.fixture.ts'
import type { Tls } from './listener.ts'
import {
  type ListenerSecurity,
  plainCallFindings,
  plainListenerFindings,
  tlsFindings,
  weakSecretFindings,
} from './transport-security.ts'

const NAMES = { prefix: 'NOTES_' }
const OPEN: ListenerSecurity = { host: '0.0.0.0', isBehindProxy: false, cert: undefined, key: undefined }
let ours: Tls
beforeAll(() => {
  ours = makeCertificate()
})

test.for<readonly [string, () => Partial<ListenerSecurity>, RegExp | undefined]>([
  ['none', () => ({}), undefined],
  ['a pair', () => ours, undefined],
  ['a certificate alone', () => ({ cert: ours.cert }), /^NOTES_TLS_CERT, NOTES_TLS_KEY: .*together/u],
  ['what is no PEM', () => ({ cert: 'hunter2', key: 'hunter2' }), /^NOTES_TLS_CERT, NOTES_TLS_KEY: (?!.*hunter2)/u],
  ['client certificates with a pair', () => ({ ...ours, clientCa: ours.cert }), undefined],
  ['client certificates alone', () => ({ clientCa: ours.cert }), /^NOTES_TLS_CLIENT_CA: it needs NOTES_TLS_CERT/u],
])('TLS: %s', ([, given, finding]) => {
  const found = tlsFindings({ ...OPEN, ...given() }, NAMES)
  expect(found).toHaveLength(finding ? 1 : 0)
  if (finding) expect(found[0]).toMatch(finding)
})

test.for<readonly [string, Partial<ListenerSecurity>, number]>([
  ['on every address', {}, 1],
  ['on every address of IPv6', { host: '::' }, 1],
  ['on loopback', { host: '127.0.0.9' }, 0],
  ['on loopback of IPv6', { host: '::1' }, 0],
  ['behind a proxy', { isBehindProxy: true }, 0],
  ['with a certificate', { cert: 'x', key: 'x' }, 0],
])('a listener in plain HTTP %s', ([, given, count]) => {
  const found = plainListenerFindings({ ...OPEN, ...given }, { ...NAMES, trustProxy: 'TRUST_PROXY' })
  expect(found).toHaveLength(count)
  if (count > 0) expect(found[0]).toMatch(/^NOTES_HOST: plain HTTP off loopback; .* or TRUST_PROXY behind/u)
})

test('calls in plain HTTP are found by name, unless their host is on loopback or listed', () => {
  const calls = {
    NOTES_ISSUER: 'http://id.example/realms/x',
    NOTES_PDP_URL: 'http://pdp:8181',
    NOTES_A_URL: 'http://[::1]:1',
    NOTES_B_URL: 'https://b.example',
    NOTES_C_URL: undefined,
  }
  const found = plainCallFindings(calls, ['pdp'], 'NOTES_PLAIN_HTTP_HOSTS')
  expect(found).toEqual([
    expect.stringMatching(/^NOTES_ISSUER: plain HTTP to id\.example.*\(NOTES_PLAIN_HTTP_HOSTS\)$/u),
  ])
})

test.for([
  [undefined, 0],
  ['k'.repeat(24), 0],
  ['k'.repeat(23), 1],
  [`demo-${'k'.repeat(24)}`, 1],
  [`Change-Me-${'k'.repeat(24)}`, 1],
] as const)('the secret %s has %i findings, without itself', ([secret, count]) => {
  const found = weakSecretFindings('NOTES_KEY', secret, { minLength: 24, demo: /demo|change-?me/iu })
  expect(found).toHaveLength(count)
  if (secret !== undefined) expect(found.join()).not.toContain(secret)
})
