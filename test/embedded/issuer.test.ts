/**
 * The realm's contract on the embedded issuer, and what concerns it alone. `test/realm/keycloak-realm.test.ts` runs the same contract on Keycloak.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { DIFFERENCES } from '@mandate/issuer'
import { answerDevice } from '@mandate/keycloak'
import { decodeProtectedHeader } from 'jose'
import { buildAuthorizationUrl } from 'openid-client'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { addedServicesContract } from '../realm/contract/added-services-contract.ts'
import { administrationContract } from '../realm/contract/administration-contract.ts'
import { attacksContract } from '../realm/contract/attacks-contract.ts'
import { clockContract } from '../realm/contract/clock-contract.ts'
import { deviceContract } from '../realm/contract/device-contract.ts'
import { type EmbeddedSubject, openEmbeddedSubject } from '../realm/contract/embedded-subject.ts'
import { refusalsContract } from '../realm/contract/refusals-contract.ts'
import { secondFactorContract } from '../realm/contract/second-factor-contract.ts'
import { sessionsContract } from '../realm/contract/sessions-contract.ts'
import { personOf, refreshTokenOf } from '../realm/contract/subject.ts'
import { tokensContract } from '../realm/contract/tokens-contract.ts'
import { narrow, read, realmClient, requestCode, signIn, startDevice } from '../support/realm-client.ts'

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
  attacksContract(() => subject)
  clockContract(() => subject)
  deviceContract(() => subject)
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

  test('before a password is typed, the page names the host of a third party that asks', async () => {
    const { admin, identity } = subject
    await admin.addHost('chat-host', ['http://127.0.0.1/callback'], ['trips'])
    onTestFinished(() => admin.removeService('chat-host'))
    const pageFor = async (clientId: string): Promise<string> => {
      const shown: string[] = []
      const client = await realmClient(identity.issuer, clientId)
      await requestCode(client, personOf(subject, 'carlo'), 'openid trips', {}, undefined, shown)
      return (shown[0] ?? '').replaceAll(/<[^>]*>/gu, ' ').replaceAll(/\s+/gu, ' ')
    }
    const host = await pageFor('chat-host')
    for (const words of [
      'chat-host , a program of a third party, asks to act for you as an agent at trips',
      'goes to 127.0.0.1',
      'only what you permit it by a grant',
      'never gets your rights in person',
    ])
      expect(host).toContain(words)
    expect(await pageFor('desktop')).not.toContain('third party')
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

  test('its cookies are of its own port: another issuer on this machine does not overwrite them', async () => {
    const url = `${subject.identity.issuer}/protocol/openid-connect/auth`
    const query = new URLSearchParams({
      client_id: 'auditor',
      response_type: 'code',
      scope: 'openid audit',
      redirect_uri: 'http://127.0.0.1:1/callback',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    })
    const { headers } = await fetch(`${url}?${query}`, { redirect: 'manual' })
    const names = headers.getSetCookie().map((cookie) => cookie.split('=', 1)[0])
    const { port } = new URL(url)
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(name).toMatch(new RegExp(`-${port}(?:\\.sig)?$`, 'u'))
  })

  test('a refresh keeps a session from expiring', async () => {
    const desktop = await realmClient(subject.identity.issuer, 'desktop')
    const session = await signIn(desktop, personOf(subject, 'carlo'), 'openid trips')
    const { sid } = read(session).claims
    const database = new DatabaseSync(join(subject.server.dataDir, 'issuer.db'))
    onTestFinished(() => database.close())
    const where = "WHERE model = 'Session' AND payload LIKE '%' || ? || '%'"
    // As after 29 minutes without a request.
    const soon = Date.now() + 60_000
    const sql = `UPDATE state SET expires = ?, payload = json_set(payload, '$.exp', ?) ${where}`
    expect(database.prepare(sql).run(soon, Math.floor(soon / 1_000), String(sid)).changes).toBe(1)
    await narrow(desktop, refreshTokenOf(session), 'trips')
    const row = database.prepare(`SELECT expires, payload ->> '$.exp' AS exp FROM state ${where}`).get(String(sid))
    expect(Number(row?.['expires'])).toBeGreaterThan(soon + 1_000_000)
    expect(Number(row?.['exp'])).toBeGreaterThan(soon / 1_000 + 1_000)
  })

  test('its files are readable for their owner alone, also one that was copied', async () => {
    const files = readdirSync(subject.server.dataDir).filter((name) => name.startsWith('issuer.db'))
    const modeOf = (name: string) => statSync(join(subject.server.dataDir, name)).mode & 0o777
    expect(files.map(modeOf)).toEqual(files.map(() => 0o600))
    chmodSync(join(subject.server.dataDir, 'issuer.db'), 0o644)
    await subject.server.restart()
    expect(modeOf('issuer.db')).toBe(0o600)
  })

  test('its log has no login name, secret, code or token', async () => {
    const auditor = await realmClient(subject.identity.issuer, 'auditor', subject.identity.clientSecrets.auditor)
    const carlo = personOf(subject, 'carlo')
    const session = await signIn(auditor, carlo, 'openid audit')
    const ending = auditor.config.serverMetadata().end_session_endpoint ?? ''
    await fetch(`${ending}?${new URLSearchParams({ id_token_hint: session.id_token ?? '' })}`)
    const log = readFileSync(join(subject.server.dataDir, 'issuer.log'), 'utf8')
    const secrets = [carlo.username, carlo.password, subject.identity.clientSecrets.auditor, session.access_token]
    for (const text of [...secrets, refreshTokenOf(session), session.id_token ?? '']) expect(log).not.toContain(text)
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

  test('after ten wrong user codes within a minute, none is taken from any browser, and a link types none', async () => {
    const { issuer } = subject.identity
    onTestFinished(() => subject.server.restart())
    const carlo = personOf(subject, 'carlo')
    const cli = await realmClient(issuer, 'mandate-cli')
    const started = await startDevice(cli, 'openid pdp')
    expect(started).not.toHaveProperty('verification_uri_complete')
    const link = await fetch(`${started.verification_uri}?user_code=${started.user_code}`, { redirect: 'manual' })
    expect([link.status, link.headers.get('location')]).toEqual([303, started.verification_uri])
    const type = (userCode: string) => answerDevice(carlo, { address: started.verification_uri, userCode })
    for (let code = 0; code < 10; code++) await type('BBBB-BBBB').catch(() => undefined)
    expect(await type(started.user_code)).toMatchObject({ title: 'Too many wrong codes. Wait for a minute.' })
    expect(await statusOf(`${issuer}/device`, crossSite('same-site'))).toBe(403)
  })

  test('a code that is sent without its form is refused, and is no error of the server', async () => {
    const { issuer } = subject.identity
    const body = new URLSearchParams({ user_code: 'BBBB-BBBB' })
    const answer = await fetch(`${issuer}/device`, { method: 'POST', body, redirect: 'manual' })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('This form is not valid')])
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
