/**
 * How a person signed in is in their tokens for the PDP, roles count by a second factor only, and a native app's sign-in is never silent.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasSecondFactor, SECOND_FACTORS } from '@mandate/protocol'
import { freePort } from '@mandate/stack'
import { pino } from 'pino'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readConfig } from '../../../auditor/src/server/config.ts'
import { startAuditor } from '../../../auditor/src/server/start.ts'
import { narrow, type RealmClient, read, realmClient, signIn } from '../../support/realm-client.ts'
import { personOf, refreshTokenOf, type Subject } from './subject.ts'

const counts = (token: { readonly access_token: string }) => hasSecondFactor(read(token).claims, SECOND_FACTORS)

export function secondFactorContract(subject: Subject): void {
  let desktop: RealmClient
  let auditor: RealmClient

  const person = (name: string) => personOf(subject(), name)
  const makeAuditor = async (username: string): Promise<void> => {
    const { admin } = subject()
    await admin.giveRole(username, 'auditor')
    onTestFinished(() => admin.withdrawRole(username, 'auditor'))
  }

  beforeAll(async () => {
    const { issuer, clientSecrets } = subject().identity
    desktop = await realmClient(issuer, 'desktop')
    auditor = await realmClient(issuer, 'auditor', clientSecrets.auditor)
  })

  describe('a second factor', () => {
    test('a role that is given amid a session by password is in its tokens, and does not count', async () => {
      const session = await signIn(desktop, person('sam'), 'openid pdp')
      await makeAuditor('sam')
      const after = await narrow(desktop, refreshTokenOf(session), 'pdp')
      expect(read(after).claims).toMatchObject({ roles: ['auditor'], amr: ['pwd'] })
      expect(counts(after)).toBe(false)
    })

    test('is asked for in a session that began without, where a client wants it', async () => {
      const browser = new Map<string, string>()
      await signIn(auditor, person('sam'), 'openid audit', {}, browser)
      await signIn(auditor, person('sam'), 'openid audit', { prompt: 'none' }, browser)
      const asked = signIn(auditor, person('sam'), 'openid audit', { acr_values: '2' }, browser)
      // Who has none yet must set one up.
      await expect(asked).rejects.toThrow(/authenticator/i)
    })

    test('is asked for by the auditor`s server, where a role came amid a session by password', async () => {
      const browser = new Map<string, string>()
      await signIn(auditor, person('sam'), 'openid audit', {}, browser)
      await makeAuditor('sam')
      const url = await startAuditorsServer(subject)
      const step = async (address: string, cookie: string) => {
        const { headers } = await fetch(address, { redirect: 'manual', headers: { cookie } })
        const [own = ''] = headers.getSetCookie().map((one) => one.split(';', 1)[0] ?? '')
        return { to: headers.get('location') ?? '', own }
      }
      const begun = await step(`${url}/sign-in?to=/decisions/x`, '')
      const known = await step(begun.to, [...browser].map((pair) => pair.join('=')).join('; '))
      expect(known.to).toContain(`${url}/callback`)
      const again = new URL((await step(known.to, begun.own)).to)
      const { origin } = new URL(subject().identity.issuer)
      expect([again.origin, again.searchParams.get('acr_values')]).toEqual([origin, '2'])
    })

    test('is asked for once, and is in every token of the session', async () => {
      const browser = new Map<string, string>()
      const session = await signIn(auditor, person('ada'), 'openid audit', { acr_values: '2' }, browser)
      const silent = { acr_values: '2', prompt: 'none' }
      const again = await signIn(auditor, person('ada'), 'openid audit', silent, browser)
      const refreshed = await narrow(auditor, refreshTokenOf(session), 'audit')
      expect([session, again, refreshed].map(counts)).toEqual([true, true, true])
    })
  })

  describe('the auditor`s page', () => {
    test('has a token to read by, and gets none to administer with', async () => {
      const { access_token } = await signIn(auditor, person('ada'), 'openid audit')
      expect(read({ access_token }).claims).toMatchObject({ aud: 'pdp', scope: 'openid audit' })
      await expect(signIn(auditor, person('ada'), 'openid pdp')).rejects.toMatchObject({ error: 'invalid_scope' })
    })

    test('shows no role but an auditor`s, whatever its reader holds', async () => {
      const session = await signIn(auditor, person('olga'), 'openid audit')
      expect(read(session).names).not.toContain('roles')
    })
  })

  describe('a native app', () => {
    test('gets no code silently, whoever is signed in in that browser', async () => {
      const browser = new Map<string, string>()
      await signIn(auditor, person('carlo'), 'openid audit', {}, browser)
      // The browser's session is good for a web server's client, and for a loopback redirect never.
      await signIn(auditor, person('carlo'), 'openid audit', { prompt: 'none' }, browser)
      for (const client of [desktop, await realmClient(subject().identity.issuer, 'mandate-cli')]) {
        const silent = signIn(client, person('carlo'), 'openid pdp', { prompt: 'none' }, browser)
        await expect(silent).rejects.toMatchObject({ error: 'login_required' })
      }
      await signIn(desktop, person('carlo'), 'openid pdp', {}, browser)
    })
  })
}

async function startAuditorsServer(subject: Subject): Promise<string> {
  const { issuer, clientSecrets } = subject().identity
  const folder = mkdtempSync(join(tmpdir(), 'mandate-auditor-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'index.html'), '')
  const port = String(await freePort())
  const config = readConfig({
    AUDITOR_PORT: port,
    AUDITOR_PUBLIC_URL: `http://127.0.0.1:${port}`,
    AUDITOR_ISSUER: issuer,
    AUDITOR_PAGE_DIR: folder,
    AUDITOR_CLIENT_SECRET: clientSecrets.auditor,
    AUDITOR_PDP_URL: 'http://127.0.0.1:9',
  })
  const { url, close } = await startAuditor(config, pino({ level: 'silent' }))
  onTestFinished(close)
  return url
}
