/**
 * The realm's contract on the embedded issuer, and what concerns it alone. `test/realm/keycloak-realm.test.ts` runs the same contract on Keycloak.
 */
import { spawnSync } from 'node:child_process'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { DIFFERENCES } from '@mandate/issuer'
import { decodeProtectedHeader } from 'jose'
import { buildAuthorizationUrl } from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addedServicesContract } from '../realm/contract/added-services-contract.ts'
import { administrationContract } from '../realm/contract/administration-contract.ts'
import { clockContract } from '../realm/contract/clock-contract.ts'
import { type EmbeddedSubject, openEmbeddedSubject } from '../realm/contract/embedded-subject.ts'
import { refusalsContract } from '../realm/contract/refusals-contract.ts'
import { secondFactorContract } from '../realm/contract/second-factor-contract.ts'
import { sessionsContract } from '../realm/contract/sessions-contract.ts'
import { personOf, refreshTokenOf } from '../realm/contract/subject.ts'
import { tokensContract } from '../realm/contract/tokens-contract.ts'
import { narrow, realmClient, signIn } from '../support/realm-client.ts'

const MAIN = fileURLToPath(new URL('../../issuer/src/main.ts', import.meta.url))

let subject: EmbeddedSubject

beforeAll(async () => {
  subject = await openEmbeddedSubject()
})
afterAll(() => subject?.close())

describe('embedded issuer', () => {
  tokensContract(() => subject)
  refusalsContract(() => subject)
  secondFactorContract(() => subject)
  sessionsContract(() => subject)
  clockContract(() => subject)
  administrationContract(() => subject)
  addedServicesContract(() => subject)

  test('sessions and keys outlive a restart', async () => {
    const desktop = await realmClient(subject.identity.issuer, 'desktop')
    const session = await signIn(desktop, personOf(subject, 'carlo'), 'openid trips')
    await subject.server.restart()
    const after = await narrow(desktop, refreshTokenOf(session), 'trips')
    const kidOf = (token: string) => decodeProtectedHeader(token).kid
    expect(kidOf(after.access_token)).toBe(kidOf(session.access_token))
  })

  test('its pages have no script, and nothing may frame them', async () => {
    const { issuer } = subject.identity
    const response = await fetch(`${issuer}/protocol/openid-connect/auth?client_id=nobody`, {
      headers: { accept: 'text/html' },
    })
    const policy = response.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(await response.text()).not.toContain('<script')
  })

  test('its cookies are for its own pages, and no script reads them', async () => {
    const auditor = await realmClient(subject.identity.issuer, 'auditor', subject.identity.clientSecrets.auditor)
    const url = buildAuthorizationUrl(auditor.config, {
      redirect_uri: 'http://127.0.0.1:1/callback',
      scope: 'openid audit',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    })
    const { status, headers } = await fetch(url, { redirect: 'manual' })
    expect(status).toBe(303)
    const cookies = headers.getSetCookie()
    expect(cookies.length).toBeGreaterThan(0)
    for (const cookie of cookies) expect(cookie).toMatch(/path=\/realms\/mandate.*samesite=lax.*httponly/u)
  })

  test('refuses another host, and a form that another page sends', async () => {
    const { issuer, url } = subject.identity
    const page = `${issuer}/protocol/openid-connect/auth?client_id=desktop`
    expect(await statusOf(page, { headers: { host: 'rebound.example' } })).toBe(421)
    expect(await statusOf(`${url}/realms/mandate/sign-in/x/password`, crossSite('same-site'))).toBe(403)
    expect(await statusOf(`${url}/realms/mandate/sign-in/x/password`, crossSite('cross-site'))).toBe(403)
    // Of its own page: refused only because there is no such sign-in.
    expect(await statusOf(`${url}/realms/mandate/sign-in/x/password`, crossSite('same-origin'))).toBe(400)
  })

  test('of two uses of a refresh token at the same moment at most one succeeds, and the session ends', async () => {
    const desktop = await realmClient(subject.identity.issuer, 'desktop')
    const session = await signIn(desktop, personOf(subject, 'carlo'), 'openid trips')
    const uses = await Promise.allSettled(
      Array.from({ length: 4 }, () => narrow(desktop, refreshTokenOf(session), 'trips')),
    )
    const next = uses.flatMap((use) => (use.status === 'fulfilled' ? [refreshTokenOf(use.value)] : []))
    expect(next.length).toBeLessThanOrEqual(1)
    for (const token of next)
      await expect(narrow(desktop, token, 'trips')).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('every row in which it differs from Keycloak says why', () => {
    for (const reason of Object.values(DIFFERENCES)) expect(reason).toMatch(/^\S.{20,}/u)
  })
})

const crossSite = (site: string) => ({ method: 'POST', headers: { 'sec-fetch-site': site } })

/** With Node's own client: `fetch` sends no other `Host`. */
async function statusOf(url: string, options: RequestOptions): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request(url, options, resolve).on('error', reject).end()
  const response = await promise
  response.resume()
  return response.statusCode
}

test('does not start in production: exit 78', () => {
  const env = {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    ISSUER_PORT: '8080',
    ISSUER_DATA_DIR: '/nonexistent',
  }
  const { status, stderr } = spawnSync(process.execPath, [MAIN], { env, encoding: 'utf8' })
  expect(status).toBe(78)
  expect(stderr).toContain('in production use Keycloak')
})
