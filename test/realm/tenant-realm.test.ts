/**
 * A second realm in the same Keycloak, made of the same file: its tokens, people and secrets are those of another issuer.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { addRealm, adminSession, deleteUser, provisionPeople, REALM_SECRETS, removeRealm } from '@mandate/keycloak'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type RealmClient, read, realmClient, serviceToken, signIn } from '../support/realm-client.ts'
import { keycloakAdminOf, keycloakSubject } from './contract/keycloak-subject.ts'
import { personOf } from './contract/subject.ts'

const identity = inject('identity')
const name = `tenant-${randomUUID().slice(0, 8)}`
const secrets = Object.fromEntries(REALM_SECRETS.map((secret) => [secret, randomBytes(32).toString('hex')]))
const values = {
  ...secrets,
  PDP_LOGOUT_URL: 'http://127.0.0.1:1/backchannel-logout',
  AUDITOR_PUBLIC_URL: 'https://auditor.invalid',
}
const admin = () => keycloakAdminOf(identity)
const issuer = () => identity.issuer.replace(/mandate$/u, name)
const carlo = () => personOf(keycloakSubject(identity), 'carlo')

beforeAll(async () => {
  await addRealm(admin(), { name, values })
  await provisionPeople({ ...admin(), realm: name }, { carlo: carlo() })
}, 60_000)
afterAll(() => removeRealm(admin(), name).catch(() => undefined))

const trips = (): Promise<RealmClient> => realmClient(issuer(), 'trips', secrets['TRIPS_CLIENT_SECRET'])

test('the same client gets a token of its realm, whose keys are its own, and a secret is good in one realm alone', async () => {
  const token = (await serviceToken(await trips(), 'pdp')).access_token
  const { claims } = read({ access_token: token })
  expect(claims).toMatchObject({ iss: issuer(), aud: 'pdp', azp: 'trips', svc: 'trips' })
  const keysOf = (realm: string) => createRemoteJWKSet(new URL(`${realm}/protocol/openid-connect/certs`))
  expect((await jwtVerify(token, keysOf(issuer()))).payload.iss).toBe(issuer())
  await expect(jwtVerify(token, keysOf(identity.issuer))).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  for (const [realm, secret] of [
    [issuer(), identity.clientSecrets.trips],
    [identity.issuer, secrets['TRIPS_CLIENT_SECRET']],
  ] as const)
    await expect(serviceToken(await realmClient(realm, 'trips', secret), 'pdp')).rejects.toMatchObject({ status: 401 })
})

test('a login of the same name and password is another person', async () => {
  const subIn = async (realm: string) => {
    const signedIn = await signIn(await realmClient(realm, 'desktop'), carlo(), 'openid pdp')
    return read(signedIn).claims.sub
  }
  expect(await subIn(issuer())).not.toBe(await subIn(identity.issuer))
  expect(await deleteUser({ ...admin(), realm: name }, 'carlo')).toBe(true)
  expect(await subIn(identity.issuer)).toBeTypeOf('string')
})

test('names that no tenant may have, a placeholder without a value, and a realm that is there are refused', async () => {
  for (const wrong of ['master', 'mandate', 'Acme', 'a', '../master', 'a/b', 'x'.repeat(32)]) {
    await expect(addRealm(admin(), { name: wrong, values })).rejects.toThrow(TypeError)
    await expect(removeRealm(admin(), wrong)).rejects.toThrow(TypeError)
  }
  const { PAIRWISE_SALT: _salt, ...others } = values as Readonly<Record<string, string>>
  await expect(addRealm(admin(), { name: `${name}-2`, values: others })).rejects.toThrow('PAIRWISE_SALT has no value')
  await expect(addRealm(admin(), { name, values })).rejects.toThrow(/409/u)
})

test('a realm that was not added for a tenant is not removed, and one that was is gone', async () => {
  const call = await adminSession(admin())
  const other = `other-${randomUUID().slice(0, 8)}`
  await call('POST', '/realms', { realm: other, enabled: false })
  try {
    await expect(removeRealm(admin(), other)).rejects.toThrow(`${other} is no realm that was added for a tenant`)
  } finally {
    await call('DELETE', `/realms/${other}`)
  }
  await removeRealm(admin(), name)
  expect((await fetch(`${issuer()}/.well-known/openid-configuration`)).status).toBe(404)
  await expect(removeRealm(admin(), name)).rejects.toThrow(/404/u)
})
