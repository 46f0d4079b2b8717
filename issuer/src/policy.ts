/**
 * Rules of the realm about authorization requests that `oidc-provider` does not have by itself.
 *
 * @module
 */
import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { checkDeviceRequest } from './device.ts'
import { isNative } from './realm.ts'
import { checkScope } from './token-endpoint.ts'

/** `acr` of a sign-in by password, and of one with a one-time code. */
export const ACR = { password: '1', code: '2' } as const

/** Whether the client asks for a one-time code (`acr_values=2`). */
export function asksForCode(acrValues: unknown): boolean {
  return typeof acrValues === 'string' && acrValues.split(' ').includes(ACR.code)
}

/**
 * Refuses unknown scopes, which `oidc-provider` drops in silence, and requests of native apps without the DPoP key that their refresh tokens are to be
 * bound to.
 *
 * Parameters are read as they were sent: at this point `oidc-provider` has dropped what it does not know.
 *
 * @throws InvalidScope or InvalidRequest, which the client gets on its redirect URI.
 */
export function checkRequest(ctx: KoaContextWithOIDC): void {
  const { client, params } = ctx.oidc
  if (client === undefined) return
  const sent = (name: string): unknown => ctx.oidc.body?.[name] ?? ctx.query[name]
  checkScope(sent('scope'), client.scope)
  if (sent('scope') === '') throw new errors.InvalidScope('a scope is needed', '')
  if (sent('authorization_details')) throw new errors.InvalidRequest('authorization_details are not supported')
  if (ctx.oidc.route === 'device_authorization') checkDeviceRequest(ctx)
  else if (isNative(client.clientId) && params?.['dpop_jkt'] === undefined)
    throw new errors.InvalidRequest('dpop_jkt is missing: refresh tokens of this client are bound to a key')
}

/**
 * When a person must sign in: without a session; at a public client always, since a loopback redirect can be anybody's (RFC 8252, section 8.6); when a
 * one-time code is asked for in a session without. There is no consent: the sign-in page
 * says what a host asks for, and a host may do only what grants permit.
 */
export function signInPolicy(): ReturnType<typeof interactionPolicy.base> {
  const { Check } = interactionPolicy
  const policy = interactionPolicy.base()
  policy.remove('consent')
  const login = policy.get('login')
  login?.checks.add(
    new Check(
      'native_app',
      'a person must sign in at a native app',
      'login_required',
      ({ oidc }) => oidc.client?.clientAuthMethod === 'none' && oidc.result?.login === undefined,
    ),
  )
  login?.checks.add(
    new Check(
      'one_time_code',
      'a one-time code is asked for',
      'login_required',
      ({ oidc }) => asksForCode(oidc.params?.['acr_values']) && !(oidc.session?.amr ?? []).includes('otp'),
    ),
  )
  return policy
}
