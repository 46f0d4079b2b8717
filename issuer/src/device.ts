/**
 * The device authorization grant (RFC 8628): what the realm adds to `oidc-provider`'s. A terminal shows a code, and a person types it at `…/device`.
 *
 * PKCE binds the device code to the program that asked for it, which the RFC does not have and Keycloak does. The refresh token is bound by DPoP, as
 * after a sign-in by browser.
 *
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { RequestHandler } from 'express'
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { isFirstPoll } from './adapter.ts'
import { areTooManyWrongCodes, withWrongCode } from './guessing.ts'
import { confirmDevicePage, deviceDonePage, deviceRefusedPage, errorPage, userCodePage } from './pages.ts'
import { clientOf, DEVICE, isNative, PATHS } from './realm.ts'

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

const WRONG_CODE = 'This code is not valid, or no longer. Check it, or start again at the terminal.'
const NO_FORM = 'This form is not valid, or no longer.'
const TOO_MANY = 'Too many wrong codes. Wait for a minute.'
const WAIT_S = 60
/** SHA-256 in Base64url (RFC 7636, section 4.2). */
const CHALLENGE = /^[\w-]{43}$/u

/** Wrong codes that were typed on the page, whoever typed them: all browsers have the address 127.0.0.1. */
export class WrongCodes {
  #times: readonly number[] = []

  get areTooMany(): boolean {
    return areTooManyWrongCodes(this.#times, Date.now())
  }

  add(): void {
    this.#times = withWrongCode(this.#times, Date.now())
  }
}

type DeviceFlow = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>

/** The feature of `oidc-provider`, with the realm's pages. */
export function deviceFlow(wrongCodes: WrongCodes): DeviceFlow {
  return {
    enabled: true,
    charset: 'base-20',
    mask: '****-****',
    deviceInfo: (ctx) => ({ codeChallenge: (ctx as unknown as KoaContextWithOIDC).oidc.body?.['code_challenge'] }),
    userCodeInputSource: async (ctx, _form, _out, err) => {
      const { userCode, name } = (err ?? {}) as { readonly userCode?: string; readonly name?: string }
      if (name === 'AbortedError') return sendPage(ctx, deviceRefusedPage())
      if (userCode !== undefined) wrongCodes.add()
      if (err && discardUnsavedSession(ctx)) return sendPage(ctx, errorPage(NO_FORM))
      sendPage(ctx, userCodePage({ ...formOf(ctx), error: err && WRONG_CODE }))
    },
    userCodeConfirmSource: async (ctx, _form, client, _deviceInfo, userCode) => {
      const program = clientOf(client.clientId)?.deviceName ?? client.clientId
      sendPage(ctx, confirmDevicePage({ ...formOf(ctx), program, clientId: client.clientId, userCode }))
    },
    successSource: async (ctx) => sendPage(ctx, deviceDonePage()),
  }
}

/**
 * A code that is sent without its form has no stored session, and `oidc-provider` cannot save the one that it makes to answer: it fails with a 500.
 *
 * @returns Whether the session was such a one. It is not saved then.
 */
function discardUnsavedSession({ oidc }: KoaContextWithOIDC): boolean {
  const session = oidc.session as unknown as { readonly exp?: number; touched: boolean } | undefined
  if (session === undefined || session.exp !== undefined) return false
  session.touched = false
  return true
}

function formOf(ctx: KoaContextWithOIDC): { readonly action: string; readonly token: string } {
  const { secret } = (ctx.oidc.session as unknown as { readonly state: { readonly secret: string } }).state
  return { action: ctx.oidc.urlFor('code_verification'), token: secret }
}

function sendPage(ctx: KoaContextWithOIDC, html: string): void {
  ctx.set('cache-control', 'no-store')
  ctx.type = 'html'
  ctx.body = html
}

/**
 * Guards the page where codes are typed. An address with a code in it is answered without that code: who follows a link from a stranger has still to type
 * the code, and `oidc-provider` would send the form by a script.
 */
export function guardUserCodes(issuer: string, wrongCodes: WrongCodes): RequestHandler {
  return (req, res, next) => {
    if (req.path === '/' && req.query['user_code'] !== undefined) res.redirect(303, `${issuer}${PATHS.device}`)
    else if (req.method === 'POST' && wrongCodes.areTooMany)
      res.status(429).set('Retry-After', String(WAIT_S)).type('html').send(errorPage(TOO_MANY))
    else next()
  }
}

/** Refuses a request for a device code without a PKCE challenge, as Keycloak does. @throws InvalidRequest */
export function checkDeviceRequest({ oidc }: KoaContextWithOIDC): void {
  const challenge = oidc.body?.['code_challenge']
  if (oidc.body?.['code_challenge_method'] !== 'S256' || typeof challenge !== 'string' || !CHALLENGE.test(challenge))
    throw new errors.InvalidRequest('a code_challenge of the method S256 is missing')
}

/**
 * Checks the PKCE verifier of a device code, and that there is a proof for the refresh token to be bound to. The code is used up by then, as an
 * authorization code is.
 *
 * @param source - What the account of a request is looked up for: `undefined` but at the token endpoint.
 * @throws InvalidGrant or InvalidRequest
 */
export function checkDeviceCode(ctx: KoaContextWithOIDC, source: object | undefined): void {
  if (source === undefined || !('kind' in source) || source.kind !== 'DeviceCode' || ctx.oidc.route !== 'token') return
  const { deviceInfo } = source as { readonly deviceInfo?: { readonly codeChallenge?: string } }
  const verifier = ctx.oidc.body?.['code_verifier']
  const computed = createHash('sha256')
    .update(typeof verifier === 'string' ? verifier : '')
    .digest('base64url')
  const challenge = deviceInfo?.codeChallenge ?? ''
  if (computed.length !== challenge.length || !timingSafeEqual(Buffer.from(computed), Buffer.from(challenge)))
    throw new errors.InvalidGrant('the code_verifier does not match the code_challenge')
  if (isNative(ctx.oidc.client?.clientId) && ctx.get('dpop') === '')
    throw new errors.InvalidRequest('a DPoP proof is missing: refresh tokens of this client are bound to a key')
}

/**
 * Changes `oidc-provider`'s responses: a program is told how often it may ask, and to slow down when it asks more often; it gets no address with the code
 * in it.
 */
export function adjustDeviceResponse(database: DatabaseSync, { oidc, body }: KoaContextWithOIDC): void {
  if (typeof body !== 'object' || body === null) return
  if (oidc.route === 'device_authorization' && 'verification_uri_complete' in body) {
    Reflect.deleteProperty(body, 'verification_uri_complete')
    Object.assign(body, { interval: DEVICE.intervalS })
  }
  const code = oidc.params?.['device_code']
  if (!('error' in body) || body.error !== 'authorization_pending' || typeof code !== 'string') return
  if (!isFirstPoll(database, code, DEVICE.intervalS))
    Object.assign(body, { error: 'slow_down', error_description: 'the program asks too often' })
}
