/**
 * What tokens hold, whose `sub` they have, and who gets which roles.
 *
 * @module
 */
import { beforeAll, describe, expect, test } from 'vitest'
import {
  exchange,
  narrow,
  type RealmClient,
  read,
  realmClient,
  serviceToken,
  signIn,
} from '../../support/realm-client.ts'
import { personOf, refreshTokenOf, type Subject } from './subject.ts'

const LEAN = ['aud', 'azp', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sub', 'typ']
const OF_A_PERSON = [...LEAN, 'sid'].toSorted()
/** The PDP also gets how the person signed in. */
const FOR_THE_PDP = [...OF_A_PERSON, 'amr'].toSorted()
const ALL = 'openid trips pdp booking-agent'

export function tokensContract(subject: Subject): void {
  let desktop: RealmClient
  let trips: RealmClient
  let agent: RealmClient

  const person = (name: string) => personOf(subject(), name)
  const issuer = () => subject().identity.issuer

  beforeAll(async () => {
    const { clientSecrets } = subject().identity
    desktop = await realmClient(issuer(), 'desktop')
    trips = await realmClient(issuer(), 'trips', clientSecrets.trips)
    agent = await realmClient(issuer(), 'booking-agent', clientSecrets['booking-agent'])
  })

  describe('one session, one audience a token', () => {
    test.for(['trips', 'pdp', 'booking-agent'])('%s gets a lean token of its own', async (audience) => {
      const session = await signIn(desktop, person('carlo'), ALL)
      const { typ, names, claims } = read(await narrow(desktop, refreshTokenOf(session), audience))
      expect({ typ, names }).toEqual({ typ: 'at+jwt', names: audience === 'pdp' ? FOR_THE_PDP : OF_A_PERSON })
      const expected = { iss: issuer(), aud: audience, azp: 'desktop', client_id: 'desktop', typ: 'Bearer' }
      expect(claims).toMatchObject(expected)
      expect(Number(claims.exp) - Number(claims.iat)).toBeLessThanOrEqual(300)
    })

    test('access tokens are bearer tokens, though refresh tokens are bound to a key', async () => {
      const session = await signIn(desktop, person('carlo'), ALL)
      expect(session.token_type).toBe('bearer')
      expect((await narrow(desktop, refreshTokenOf(session), 'trips')).token_type).toBe('bearer')
    })

    test('a service token says that it is one, and has no session', async () => {
      const { names, claims } = read(await serviceToken(trips, 'pdp'))
      expect(names).toEqual([...LEAN, 'amr', 'svc'].toSorted())
      expect(claims).toMatchObject({ aud: 'pdp', svc: 'trips', amr: [] })
      expect(read(await serviceToken(trips, 'pdp')).claims.sub).toBe(claims.sub)
    })

    test('a refresh token is worth nothing without the key that it is bound to', async () => {
      const session = await signIn(desktop, person('carlo'), ALL)
      const thief = await realmClient(issuer(), 'desktop')
      await expect(narrow(thief, refreshTokenOf(session), 'trips')).rejects.toMatchObject({ status: 400 })
    })
  })

  describe('who somebody is', () => {
    test('one opaque sub through sign-in, refresh and exchange, and it is not the id that the server uses', async () => {
      const session = await signIn(desktop, person('yannick'), ALL)
      const forAgent = await narrow(desktop, refreshTokenOf(session), 'booking-agent')
      const exchanged = read(await exchange(agent, forAgent.access_token, 'trips'))
      const subs = new Set([read(session), read(forAgent), exchanged].map(({ claims }) => claims.sub))
      expect(subs.size).toBe(1)
      expect(exchanged.names).toEqual(OF_A_PERSON)
      expect(exchanged.claims).toMatchObject({ aud: 'trips', azp: 'booking-agent', sid: read(session).claims['sid'] })
      expect([...subs]).not.toContain(await subject().admin.idOf('yannick'))
    })

    test('different people, different subs', async () => {
      const [carlo, sam] = [await signIn(desktop, person('carlo'), ALL), await signIn(desktop, person('sam'), ALL)]
      expect(read(carlo).claims.sub).not.toBe(read(sam).claims.sub)
    })

    test('a login that was deleted comes back as somebody else', async () => {
      const { admin } = subject()
      const guest = { username: 'guest', password: 'a-long-enough-password' }
      await admin.addPerson(guest)
      const before = read(await signIn(desktop, guest, ALL)).claims.sub
      expect(await admin.deletePerson('guest')).toBe(true)
      expect(await admin.deletePerson('guest')).toBe(false)
      await admin.addPerson(guest)
      expect(read(await signIn(desktop, guest, ALL)).claims.sub).not.toBe(before)
      await admin.deletePerson('guest')
    })
  })

  describe('roles', () => {
    test('reach the PDP alone, and not by way of an agent', async () => {
      const session = await signIn(desktop, person('petra'), ALL)
      const forPdp = await narrow(desktop, refreshTokenOf(session), 'pdp')
      expect(read(forPdp)).toMatchObject({
        names: [...FOR_THE_PDP, 'roles'].toSorted(),
        claims: { roles: ['persona-admin'], amr: ['pwd', 'otp'] },
      })
      const forTrips = await narrow(desktop, refreshTokenOf(forPdp), 'trips')
      expect(read(forTrips).names).toEqual(OF_A_PERSON)
      const forAgent = await narrow(desktop, refreshTokenOf(forTrips), 'booking-agent')
      expect(read(await exchange(agent, forAgent.access_token, 'pdp')).names).toEqual(FOR_THE_PDP)
    })

    test.for([
      ['auditor', 'ada', 'auditor', 'audit'],
      ['console', 'ada', 'auditor', 'pdp'],
      ['console', 'petra', 'persona-admin', 'pdp'],
      ['mandate-cli', 'olga', 'operator', 'pdp'],
    ] as const)('the client %s carries them for %s', async ([client, name, role, scope]) => {
      const secret = client === 'mandate-cli' ? undefined : subject().identity.clientSecrets[client]
      const session = await signIn(await realmClient(issuer(), client, secret), person(name), `openid ${scope}`)
      expect(read(session).claims).toMatchObject({ aud: 'pdp', roles: [role], amr: ['pwd', 'otp'] })
    })

    test('whoever holds one is asked for a one-time code', async () => {
      const { username, password } = person('ada')
      await expect(signIn(desktop, { username, password }, 'openid pdp')).rejects.toThrow(
        'a one-time code is asked for',
      )
    })

    test('who holds one and has no authenticator yet must set one up', async () => {
      const { admin } = subject()
      const { totpSecret: _secret, ...ada } = person('ada')
      await admin.deletePerson('ada')
      await admin.addPerson(ada)
      await admin.giveRole('ada', 'auditor')
      await expect(signIn(desktop, ada, 'openid pdp')).rejects.toThrow(/authenticator/i)
      await admin.deletePerson('ada')
      await admin.addPerson(person('ada'))
      await admin.giveRole('ada', 'auditor')
    })
  })
}
