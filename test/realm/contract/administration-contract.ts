/**
 * Administration, and what the embedded issuer does not have: such a test is skipped there, with the reason of its row in `DIFFERENCES`.
 *
 * @module
 */
import { adminSession, hardenMaster } from '@mandate/keycloak'
import { type Secrets, startKeycloak } from '@mandate/stack'
import { decodeJwt } from 'jose'
import { tokenIntrospection } from 'openid-client'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { narrow, read, realmClient, signIn } from '../../support/realm-client.ts'
import { keycloakAdminOf } from './keycloak-subject.ts'
import { logoutReceiver } from './logout-receiver.ts'
import { needs, personOf, refreshTokenOf, type Subject } from './subject.ts'

export function administrationContract(subject: Subject): void {
  test('the PDP can introspect a token that is for it', async (context) => {
    needs(subject, 'introspection', context)
    const { issuer, clientSecrets } = subject().identity
    const desktop = await realmClient(issuer, 'desktop')
    const session = await signIn(desktop, personOf(subject(), 'carlo'), 'openid pdp trips')
    const { access_token } = await narrow(desktop, refreshTokenOf(session), 'pdp')
    const pdp = await realmClient(issuer, 'pdp', clientSecrets.pdp)
    expect(await tokenIntrospection(pdp.config, access_token)).toMatchObject({ active: true, aud: 'pdp' })
  })

  test('signing out without a hint asks the person', async (context) => {
    needs(subject, 'logout-without-hint', context)
    const desktop = await realmClient(subject().identity.issuer, 'desktop')
    const response = await fetch(desktop.config.serverMetadata().end_session_endpoint ?? '')
    expect([response.status, (await response.text()).includes('<form')]).toEqual([200, true])
  })

  test('an administrator ends the sessions of a person, and the PDP is told', async () => {
    const desktop = await realmClient(subject().identity.issuer, 'desktop')
    const tokens = await logoutReceiver(subject().logoutPort)
    const session = await signIn(desktop, personOf(subject(), 'sam'), 'openid pdp')
    await subject().admin.endSessions('sam')
    const { sid } = read(session).claims
    await expect.poll(() => tokens.map((token) => decodeJwt(token)['sid'])).toContain(sid)
    await expect(narrow(desktop, refreshTokenOf(session), 'pdp')).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('the master realm is protected against guessing, keeps events and asks for long passwords', async (context) => {
    needs(subject, 'master-realm', context)
    const admin = keycloakAdminOf(subject().identity)
    expect(await hardenMaster(admin)).toContain('bruteForceProtected')
    const master = z.looseObject({}).parse(await (await adminSession(admin))('GET', '/realms/master'))
    expect(master).toMatchObject({ bruteForceProtected: true, eventsEnabled: true, adminEventsEnabled: true })
    expect(master).toMatchObject({ passwordPolicy: expect.stringContaining('length(14)') })
    expect(await hardenMaster(admin)).toEqual([])
  })

  test('a server that the environment names is used as it is, with the secrets that it has', async (context) => {
    needs(subject, 'external-server', context)
    const { issuer, clientSecrets } = subject().identity
    const { url, username, password } = keycloakAdminOf(subject().identity)
    const env = { KEYCLOAK_URL: url, KEYCLOAK_ADMIN_USERNAME: username, KEYCLOAK_ADMIN_PASSWORD: password }
    const secrets = { keycloakAdminPassword: '', realm: {} as Secrets['realm'] } // it has its own
    const theirs = await startKeycloak({ dataDir: '/nonexistent', secrets, env })
    expect(theirs).toMatchObject({ issuer, clientSecrets })
    await theirs.stop()
    await expect(theirs.kill()).rejects.toThrow(/was not started by this process/)
  })
}
