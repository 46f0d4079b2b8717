/**
 * What the realm adds to `oidc-provider`'s token endpoint, as Keycloak has it: a code is used up by a failed attempt, a refresh keeps the session alive,
 * access tokens are bearer tokens.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { discardUnused } from './adapter.ts'
import { adjustDeviceResponse } from './device.ts'
import { isStale } from './proof.ts'
import { LIFETIMES } from './realm.ts'
import { extendSession, sessionByUid } from './sessions.ts'

/** Adds the rules to the provider. */
export function addTokenRules(provider: Provider, database: DatabaseSync): void {
  provider.use(async (koa, next) => {
    const ctx = koa as unknown as KoaContextWithOIDC
    if (refusesProof(ctx)) return
    await next()
    if (ctx.oidc !== undefined) adjustDeviceResponse(database, ctx)
    if (ctx.oidc?.route !== 'token') return
    answerBearer(ctx)
    if (ctx.status === 400) useUpCode(database, ctx)
  })
  provider.on('grant.success', ({ oidc }) => {
    const uid = oidc.entities.RefreshToken?.sessionUid
    if (uid !== undefined) keepAlive(database, uid)
  })
}

/**
 * Refuses scopes that the client may not ask for, which `oidc-provider` drops in silence where it does not know them.
 *
 * @param requested - As it was sent.
 * @throws InvalidScope
 */
export function checkScope(requested: unknown, clientScope: string | undefined): void {
  if (typeof requested !== 'string') return
  const allowed = new Set(['openid', ...(clientScope ?? '').split(' ')])
  const unknown = requested.split(' ').find((scope) => scope !== '' && !allowed.has(scope))
  if (unknown !== undefined) throw new errors.InvalidScope('the client may not ask for this scope', unknown)
}

/** What is left of a session: until it is idle, and at most until eight hours after the sign-in. @returns Seconds, at least 1 */
export function secondsLeft(since: number | undefined): number {
  const age = since === undefined ? 0 : Math.floor(Date.now() / 1_000) - since
  return Math.max(1, Math.min(LIFETIMES.idle, LIFETIMES.session - age))
}

/** Refuses proofs of another time: `oidc-provider` takes those of the last five minutes. */
function refusesProof(ctx: KoaContextWithOIDC): boolean {
  const proof = ctx.get('dpop')
  if (ctx.method !== 'POST' || proof === '' || !isStale(proof)) return false
  ctx.status = 400
  ctx.body = { error: 'invalid_dpop_proof', error_description: 'the proof is of another time' }
  return true
}

/** Only refresh tokens are bound to a key in this realm: services take access tokens as bearer tokens, as Keycloak is configured to issue them. */
function answerBearer(ctx: KoaContextWithOIDC): void {
  const body: unknown = ctx.body
  if (typeof body !== 'object' || body === null) return
  if ('token_type' in body && body.token_type === 'DPoP') body.token_type = 'Bearer'
}

/** Ends an authorization code with the first attempt to redeem it. One that was redeemed stays: its next use ends the grant. */
function useUpCode(database: DatabaseSync, { oidc }: KoaContextWithOIDC): void {
  const code = oidc.params?.['code']
  if (typeof code === 'string') discardUnused(database, 'AuthorizationCode', code)
}

/** `oidc-provider` extends a session by the browser's requests alone: an application that refreshes its token would be signed out after half an hour. */
function keepAlive(database: DatabaseSync, uid: string): void {
  const session = sessionByUid(database, uid)
  if (session) extendSession(database, uid, secondsLeft(session.loginTs))
}
