/**
 * Services of a domain of one's own: added to a running realm, they get and take the same tokens as the realm's own services.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import {
  exchange,
  narrow,
  type RealmClient,
  read,
  realmClient,
  requestCode,
  serviceToken,
  signIn,
} from '../../support/realm-client.ts'
import { personOf, refreshTokenOf, type Subject } from './subject.ts'

export function addedServicesContract(subject: Subject): void {
  const secret = randomBytes(32).toString('base64url')
  const add = async (clientId: string, calls: readonly string[] = []) => {
    await subject().admin.addService(clientId, calls, secret)
    onTestFinished(() => subject().admin.removeService(clientId))
    return await realmClient(subject().identity.issuer, clientId, secret)
  }
  const signedIn = async (app: string, scope: string) => {
    const client = await realmClient(subject().identity.issuer, app)
    const session = await signIn(client, personOf(subject(), 'carlo'), scope)
    return { client, refreshToken: refreshTokenOf(session) }
  }

  test('an added service has a token of its own for the PDP, marked as a service', async () => {
    const lab = await add('lab')
    expect(read(await serviceToken(lab, 'pdp')).claims).toMatchObject({ aud: 'pdp', azp: 'lab', svc: 'lab' })
    await expect(serviceToken(lab, 'trips')).rejects.toMatchObject({ error: 'invalid_scope' })
  })

  test.for(['desktop', 'mandate-cli'])('%s gets a token for it, which the service exchanges', async (app) => {
    const lab = await add('lab')
    const { client, refreshToken } = await signedIn(app, 'openid lab')
    const token = await narrow(client, refreshToken, 'lab')
    expect(read(token).claims).toMatchObject({ aud: 'lab', azp: app })
    const exchanged = read(await exchange(lab, token.access_token, 'pdp'))
    expect(exchanged.claims).toMatchObject({ aud: 'pdp', azp: 'lab' })
    expect(exchanged.claims.roles).toBeUndefined()
  })

  test('an agent exchanges a token for the services that it calls, and for no other', async () => {
    await add('lab')
    const bot = await add('lab-bot', ['lab'])
    const { client, refreshToken } = await signedIn('mandate-cli', 'openid lab-bot')
    const { access_token: token } = await narrow(client, refreshToken, 'lab-bot')
    expect(read(await exchange(bot, token, 'lab')).claims).toMatchObject({ aud: 'lab', azp: 'lab-bot' })
    await expect(exchange(bot, token, 'trips')).rejects.toMatchObject({ error: 'invalid_scope' })
  })

  test('adding it again replaces its secret and what it calls', async () => {
    await add('lab')
    await add('lab-bot', ['lab'])
    const other = randomBytes(32).toString('base64url')
    await subject().admin.addService('lab-bot', ['trips'], other)
    const { issuer } = subject().identity
    await expect(serviceToken(await realmClient(issuer, 'lab-bot', secret), 'pdp')).rejects.toThrow()
    const bot = await realmClient(issuer, 'lab-bot', other)
    expect(read(await serviceToken(bot, 'trips')).claims).toMatchObject({ aud: 'trips' })
    await expect(serviceToken(bot, 'lab')).rejects.toMatchObject({ error: 'invalid_scope' })
  })

  test('a removed service gets no token, and nobody a token for it', async () => {
    const lab = await add('lab')
    await subject().admin.removeService('lab')
    await expect(serviceToken(lab, 'pdp')).rejects.toThrow()
    await expect(signedIn('desktop', 'openid lab')).rejects.toThrow()
  })

  test('a service that calls an unknown one is refused, and nothing is added', async () => {
    await expect(subject().admin.addService('lab', ['nowhere'], secret)).rejects.toThrow('nowhere')
    await expect(serviceToken(await realmClient(subject().identity.issuer, 'lab', secret), 'pdp')).rejects.toThrow()
  })

  test('clients and scopes of the realm itself are neither removed nor replaced as a service', async () => {
    const { issuer, clientSecrets } = subject().identity
    for (const name of ['trips', 'booking-agent', 'desktop', 'pdp', 'audit']) {
      await expect(subject().admin.removeService(name), name).rejects.toThrow(TypeError)
      await expect(subject().admin.addService(name, [], secret), name).rejects.toThrow(TypeError)
    }
    const trips = await realmClient(issuer, 'trips', clientSecrets.trips)
    expect(read(await serviceToken(trips, 'pdp')).claims).toMatchObject({ azp: 'trips' })
    expect((await signedIn('desktop', 'openid trips')).refreshToken).toEqual(expect.any(String))
  })

  test('a host is removed like a service, and again without effect', async () => {
    await add('lab')
    await subject().admin.addHost('chat-host', [LOOPBACK], ['lab'])
    await subject().admin.removeService('chat-host')
    await subject().admin.removeService('chat-host')
    const gone = await realmClient(subject().identity.issuer, 'chat-host')
    await expect(signIn(gone, personOf(subject(), 'carlo'), 'openid lab')).rejects.toThrow()
  })

  const LOOPBACK = 'http://127.0.0.1/callback'
  const addHost = async (calls: readonly string[]) => {
    await subject().admin.addHost('chat-host', [LOOPBACK], calls)
    onTestFinished(() => subject().admin.removeClient('chat-host'))
    return await realmClient(subject().identity.issuer, 'chat-host')
  }

  test('a host of an AI agent gets tokens of a person through it: for its services, without roles, and no other', async () => {
    await add('lab')
    const host = await addHost(['lab'])
    const session = await signIn(host, personOf(subject(), 'carlo'), 'openid lab', { dpop_jkt: undefined })
    const { claims } = read(session)
    expect(claims).toMatchObject({ aud: 'lab', azp: 'chat-host' })
    expect([claims['svc'], claims.roles]).toEqual([undefined, undefined])
    for (const scope of ['openid pdp', 'openid trips'])
      await expect(signIn(host, personOf(subject(), 'carlo'), scope)).rejects.toThrow()
  })

  test('before a host gets a code, a page names it, its services and where the browser goes; an app is not named so', async () => {
    await add('lab')
    const host = await addHost(['lab'])
    const textFor = async (client: RealmClient, scope = 'openid lab'): Promise<string> => {
      const shown: string[] = []
      await requestCode(client, personOf(subject(), 'carlo'), scope, {}, undefined, shown)
      return shown
        .join(' ')
        .replaceAll(/<[^>]*>/gu, '')
        .replaceAll(/\s+/gu, ' ')
    }
    const text = await textFor(host)
    for (const words of [
      'chat-host',
      'a program of a third party',
      'at lab',
      'Your browser then goes to 127.0.0.1',
      'only what you permit it by a grant',
      'never gets your rights in person',
      'Continue only if you started this yourself.',
    ])
      expect(text).toContain(words)
    expect(await textFor(await realmClient(subject().identity.issuer, 'desktop'))).not.toContain('third party')
    // A host that was added again, for other services, is asked about again.
    await add('lab-two')
    await subject().admin.addHost('chat-host', [LOOPBACK], ['lab', 'lab-two'])
    expect(await textFor(host, 'openid lab lab-two')).toContain('at lab, lab-two')
  })

  test('a token of a host cannot be exchanged: the service that gets it acts in its own name', async () => {
    const lab = await add('lab')
    const host = await addHost(['lab'])
    const { access_token: token } = await signIn(host, personOf(subject(), 'carlo'), 'openid lab')
    await expect(exchange(lab, token, 'pdp')).rejects.toThrow()
  })

  test('a host needs PKCE and one of its exact redirect URIs, and has no token of its own', async () => {
    await add('lab')
    const host = await addHost(['lab'])
    const carlo = personOf(subject(), 'carlo')
    await expect(
      signIn(host, carlo, 'openid lab', { code_challenge: undefined, code_challenge_method: undefined }),
    ).rejects.toThrow()
    await expect(signIn(host, carlo, 'openid lab', { redirect_uri: 'http://127.0.0.1/other' })).rejects.toThrow()
    await expect(serviceToken(host, 'lab')).rejects.toThrow()
  })

  test('a host of an unknown service, or with the name of a service, is refused', async () => {
    await expect(subject().admin.addHost('chat-host', [LOOPBACK], ['nowhere'])).rejects.toThrow('nowhere')
    await add('lab')
    for (const taken of ['lab', 'desktop', 'trips'])
      await expect(subject().admin.addHost(taken, [LOOPBACK], ['trips'])).rejects.toThrow(TypeError)
  })
}
