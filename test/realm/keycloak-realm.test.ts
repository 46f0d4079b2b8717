/**
 * The realm, on a real Keycloak: what its tokens hold, and what it refuses.
 */
import { type Credentials, deleteUser, provisionPeople } from '@mandate/keycloak'
import { type Secrets, startKeycloak } from '@mandate/stack'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import {
  type Deviation,
  exchange,
  narrow,
  type RealmClient,
  read,
  realmClient,
  serviceToken,
  signIn,
} from '../support/realm-client.ts'

const { issuer, admin, clientSecrets, people } = inject('identity')
const LEAN = ['aud', 'azp', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sub', 'typ']
const OF_A_PERSON = [...LEAN, 'sid'].toSorted()
/** What the PDP is told besides: how the person signed in. */
const FOR_THE_PDP = [...OF_A_PERSON, 'amr'].toSorted()
const ALL = 'openid trips pdp booking-agent'

let desktop: RealmClient
let trips: RealmClient
let agent: RealmClient
let pdp: RealmClient

beforeAll(async () => {
  desktop = await realmClient(issuer, 'desktop')
  trips = await realmClient(issuer, 'trips', clientSecrets.trips)
  agent = await realmClient(issuer, 'booking-agent', clientSecrets['booking-agent'])
  pdp = await realmClient(issuer, 'pdp', clientSecrets.pdp)
})

describe('one session, one audience a token', () => {
  test.for(['trips', 'pdp', 'booking-agent'])('%s gets a lean token of its own', async (audience) => {
    const session = await signIn(desktop, person('carlo'), ALL)
    const { typ, names, claims } = read(await narrow(desktop, refreshToken(session), audience))
    expect({ typ, names }).toEqual({ typ: 'at+jwt', names: audience === 'pdp' ? FOR_THE_PDP : OF_A_PERSON })
    expect(claims).toMatchObject({ iss: issuer, aud: audience, azp: 'desktop', client_id: 'desktop', typ: 'Bearer' })
    expect(Number(claims.exp) - Number(claims.iat)).toBeLessThanOrEqual(300)
  })

  test('a service token says that it is one, and has no session', async () => {
    const { names, claims } = read(await serviceToken(trips, 'pdp'))
    expect(names).toEqual([...LEAN, 'amr', 'svc'].toSorted())
    expect(claims).toMatchObject({ aud: 'pdp', svc: 'trips', amr: [] })
  })

  test('a refresh token is worth nothing without the key that it is bound to', async () => {
    const session = await signIn(desktop, person('carlo'), ALL)
    const thief = await realmClient(issuer, 'desktop')
    await expect(narrow(thief, refreshToken(session), 'trips')).rejects.toMatchObject({ status: 400 })
  })
})

describe('who somebody is', () => {
  test('one opaque sub through sign-in, refresh and exchange, and it is not the id that Keycloak uses', async () => {
    const session = await signIn(desktop, person('yannick'), ALL)
    const forAgent = await narrow(desktop, refreshToken(session), 'booking-agent')
    const exchanged = read(await exchange(agent, forAgent.access_token, 'trips'))
    const subs = new Set([read(session), read(forAgent), exchanged].map(({ claims }) => claims.sub))
    expect(subs.size).toBe(1)
    expect(exchanged.names).toEqual(OF_A_PERSON)
    expect(exchanged.claims).toMatchObject({ aud: 'trips', azp: 'booking-agent' })
    expect([...subs]).not.toContain(await keycloakId('yannick'))
  })

  test('different people, different subs', async () => {
    const [carlo, sam] = [await signIn(desktop, person('carlo'), ALL), await signIn(desktop, person('sam'), ALL)]
    expect(read(carlo).claims.sub).not.toBe(read(sam).claims.sub)
  })

  test('a login that was deleted comes back as somebody else', async () => {
    const guest = { username: 'guest', password: 'a-long-enough-password' }
    await provisionPeople(admin, { guest })
    const before = read(await signIn(desktop, guest, ALL)).claims.sub
    expect(await deleteUser(admin, 'guest')).toBe(true)
    expect(await deleteUser(admin, 'guest')).toBe(false)
    await provisionPeople(admin, { guest })
    expect(read(await signIn(desktop, guest, ALL)).claims.sub).not.toBe(before)
    await deleteUser(admin, 'guest')
  })
})

describe('roles', () => {
  test('reach the PDP alone, and not by way of an agent', async () => {
    const session = await signIn(desktop, person('petra'), ALL)
    const forPdp = await narrow(desktop, refreshToken(session), 'pdp')
    expect(read(forPdp)).toMatchObject({
      names: [...FOR_THE_PDP, 'roles'].toSorted(),
      claims: { roles: ['persona-admin'], amr: ['pwd', 'otp'] },
    })
    const forTrips = await narrow(desktop, refreshToken(forPdp), 'trips')
    expect(read(forTrips).names).toEqual(OF_A_PERSON)
    const forAgent = await narrow(desktop, refreshToken(forTrips), 'booking-agent')
    expect(read(await exchange(agent, forAgent.access_token, 'pdp')).names).toEqual(FOR_THE_PDP)
  })

  test.for([
    ['auditor', 'ada', 'auditor', 'audit'],
    ['mandate-cli', 'olga', 'operator', 'pdp'],
  ] as const)('the client %s carries them for %s', async ([client, name, role, scope]) => {
    const secret = client === 'auditor' ? clientSecrets.auditor : undefined
    const session = await signIn(await realmClient(issuer, client, secret), person(name), `openid ${scope}`)
    expect(read(session).claims).toMatchObject({ aud: 'pdp', roles: [role], amr: ['pwd', 'otp'] })
  })

  test('whoever holds one is asked for a one-time code', async () => {
    const { username, password } = person('ada')
    await expect(signIn(desktop, { username, password }, 'openid pdp')).rejects.toThrow('a one-time code is asked for')
  })

  test('who holds one and has no authenticator yet must set one up', async () => {
    const { totpSecret: _secret, ...ada } = person('ada')
    await deleteUser(admin, 'ada')
    await provisionPeople(admin, { ada })
    await expect(signIn(desktop, ada, 'openid pdp')).rejects.toThrow(/authenticator/i)
    await deleteUser(admin, 'ada')
    await provisionPeople(admin, { ada: person('ada') })
  })
})

test('a server that the environment names is used as it is, with the secrets that it has', async () => {
  const { url, username, password } = admin
  const env = { KEYCLOAK_URL: url, KEYCLOAK_ADMIN_USERNAME: username, KEYCLOAK_ADMIN_PASSWORD: password }
  const secrets = { keycloakAdminPassword: '', realm: {} as Secrets['realm'] } // it has its own
  const theirs = await startKeycloak({ dataDir: '/nonexistent', secrets, env })
  expect(theirs).toMatchObject({ issuer, clientSecrets })
  await theirs.stop()
  await expect(theirs.kill()).rejects.toThrow(/was not started by this process/)
})

describe('refused', () => {
  test.for(['profile', 'email', 'roles', 'offline_access'])('scope %s', async (scope) => {
    const refused = signIn(desktop, person('carlo'), `openid ${scope}`)
    await expect(refused).rejects.toMatchObject({ error: 'invalid_scope' })
  })

  test.for([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }],
    ['PKCE with a plain challenge', { code_challenge_method: 'plain' }],
    ['no DPoP key', { dpop_jkt: undefined }],
  ] as const satisfies readonly (readonly [string, Deviation])[])('%s', async ([, deviation]) => {
    await expect(signIn(desktop, person('carlo'), ALL, deviation)).rejects.toMatchObject({ error: 'invalid_request' })
  })

  test.for([
    'http://127.0.0.1/callback/',
    'http://127.0.0.1/callback/deeper',
    'http://127.0.0.1/callback?more=1',
    'http://127.0.0.1/other',
    'http://localhost/callback',
    'http://[::1]/callback',
    'https://127.0.0.1/callback',
    'http://127.0.0.1.evil.example/callback',
  ])('a redirect to %s', async (redirect) => {
    const refused = signIn(desktop, person('carlo'), ALL, { redirect_uri: redirect })
    await expect(refused).rejects.toThrow(/redirect_uri/)
  })

  test.for([
    ['desktop', undefined],
    ['mandate-cli', undefined],
    ['admin-cli', undefined],
    ['auditor', clientSecrets.auditor],
    ['trips', clientSecrets.trips],
  ] as const)('a password grant by %s', async ([client, secret]) => {
    const { username, password } = person('carlo')
    const form = {
      grant_type: 'password',
      client_id: client,
      username,
      password,
      ...(secret && { client_secret: secret }),
    }
    const response = await fetch(`${issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    expect(response.ok).toBe(false)
    expect(await response.json()).not.toHaveProperty('access_token')
  })

  test('an exchanged token, exchanged again: by its agent, or by the service that got it', async () => {
    const session = await signIn(desktop, person('carlo'), ALL)
    const forAgent = await narrow(desktop, refreshToken(session), 'booking-agent')
    const exchanged = (await exchange(agent, forAgent.access_token, 'trips')).access_token
    await expect(exchange(agent, exchanged, 'trips')).rejects.toMatchObject({ error: 'invalid_request' })
    await expect(exchange(trips, exchanged, 'pdp')).rejects.toMatchObject({ error: 'invalid_request' })
  })

  test('an exchange by a service that the token is not for, by the PDP, or of a service token', async () => {
    const session = await signIn(desktop, person('carlo'), ALL)
    const forTrips = (await narrow(desktop, refreshToken(session), 'trips')).access_token
    await expect(exchange(agent, forTrips, 'pdp')).rejects.toMatchObject({ status: 403 })
    await expect(exchange(pdp, forTrips, 'trips')).rejects.toThrow()
    const own = (await serviceToken(agent, 'trips')).access_token
    await expect(exchange(trips, own, 'pdp')).rejects.toMatchObject({ error: 'invalid_request' })
  })
})

function person(name: string): Credentials {
  const found = people[name]
  if (!found) throw new TypeError(`nobody called ${name}`)
  return found
}

function refreshToken({ refresh_token: token }: { readonly refresh_token?: string }): string {
  if (token === undefined) throw new TypeError('the session has no refresh token')
  return token
}

/** What Keycloak itself calls somebody, asked of its administration. */
async function keycloakId(username: string): Promise<string> {
  const form = { grant_type: 'password', client_id: 'admin-cli', username: admin.username, password: admin.password }
  const signedIn = await fetch(`${admin.url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const { access_token: token } = (await signedIn.json()) as { access_token: string }
  const found = await fetch(`${admin.url}/admin/realms/mandate/users?exact=true&username=${username}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const [user] = (await found.json()) as { id: string }[]
  if (!user) throw new TypeError(`nobody called ${username}`)
  return user.id
}
