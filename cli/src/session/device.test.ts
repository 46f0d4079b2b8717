/**
 * The device flow at a certified provider (`oidc-provider`) without rules of ours. The contract of the realm has the rest, on both issuers.
 */
import type { AddressInfo } from 'node:net'
import { createIdentity, newKey } from '@mandate/desktop/native-session'
import Provider from 'oidc-provider'
import { expect, onTestFinished, test, vi } from 'vitest'
import { CommandError } from '../exit.ts'
import { signInWithDevice } from './device.ts'

const CLIENT = 'mandate-cli'
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'
const RESOURCE = 'urn:mandate:services'

interface Running {
  readonly issuer: string
  readonly provider: Provider
}

/** Starts a provider; what it does for the person is done by {@link answer}. */
async function startProvider(deviceFlow: boolean): Promise<Running> {
  const { createServer } = await import('node:http')
  let handle: (...args: Parameters<ReturnType<Provider['callback']>>) => unknown = () => undefined
  const server = createServer((req, res) => void handle(req, res))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // The provider warns that its keys, storage and interactions are for development, which they are.
  vi.spyOn(console, 'info').mockImplementation(() => undefined)
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  onTestFinished(() => {
    vi.restoreAllMocks()
  })
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: ['refresh_token', ...(deviceFlow ? [DEVICE_CODE] : ['authorization_code'])],
        response_types: deviceFlow ? [] : ['code'],
        redirect_uris: deviceFlow ? [] : ['http://127.0.0.1/callback'],
      },
    ],
    scopes: ['openid', 'pdp'],
    issueRefreshToken: () => true,
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: deviceFlow },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: 'openid pdp', audience: RESOURCE, accessTokenFormat: 'jwt' }),
      },
    },
  })
  provider.use(async (ctx, next) => {
    await next()
    // Five seconds otherwise.
    if (ctx['oidc']?.route === 'device_authorization') Object.assign(ctx.body as object, { interval: 1 })
  })
  handle = provider.callback()
  return { issuer, provider }
}

/** What the provider stores when the person has typed the code and agreed, or refused. */
async function answer({ provider }: Running, userCode: string, isAgreed: boolean): Promise<void> {
  const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''))
  if (!code) return expect.unreachable(`there is no code ${userCode}`)
  if (!isAgreed) {
    Object.assign(code, { error: 'access_denied', errorDescription: 'the person refused' })
    await code.save()
    return
  }
  const grant = new provider.Grant({ accountId: 'carlo', clientId: CLIENT })
  grant.addOIDCScope('openid pdp')
  grant.addResourceScope(RESOURCE, 'pdp')
  const grantId = await grant.save()
  Object.assign(code, { accountId: 'carlo', grantId, scope: 'openid pdp', resource: RESOURCE, authTime: 1 })
  await code.save()
}

/** Starts a sign-in, and lets the person answer as soon as the code is shown. */
async function signIn(running: Running, isAgreed: boolean) {
  const shown: string[] = []
  const show = (text: string): void => {
    shown.push(text)
    const userCode = /^ {2}(?<code>\S+)$/mu.exec(text)?.groups?.['code'] ?? ''
    void answer(running, userCode, isAgreed)
  }
  const { pair } = await newKey(true)
  const identity = createIdentity({ issuer: running.issuer, clientId: CLIENT })
  const signedIn = await signInWithDevice(identity, { scopes: ['pdp'], key: pair, show, signal: undefined })
  return { signedIn, shown: shown.join('') }
}

test('shows an address and a code, and has a session bound to the key when the person has agreed', async () => {
  const running = await startProvider(true)
  const { signedIn, shown } = await signIn(running, true)
  expect(shown).toContain(`${running.issuer}/device`)
  expect(signedIn.subject).toBe('carlo')
  const kept = await running.provider.RefreshToken.find(signedIn.refreshToken)
  expect(kept?.jkt).toMatch(/^[\w-]{43}$/u)
})

test('a person who refuses ends it', async () => {
  const running = await startProvider(true)
  await expect(signIn(running, false)).rejects.toMatchObject({ exit: 77, code: 'access_denied' })
})

test('a provider without it is told from one that does not answer', async () => {
  const running = await startProvider(false)
  const refused = await signIn(running, true).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(CommandError)
  expect(refused).toMatchObject({ exit: 77, code: 'no_device_flow' })
})
