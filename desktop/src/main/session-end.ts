/**
 * Checks whether a session is alive at the identity provider, and ends it there.
 *
 * @module
 */
import type * as oidc from 'openid-client'
import { type CryptoKeyPair, nowAt, proofFor } from './proof-of-possession.ts'
import { SignInError } from './sign-in-error.ts'

/** Tokens that change with every refresh. */
export interface RefreshState {
  readonly refreshToken: string
  /** Sent as a hint at sign-out only. */
  readonly idToken: string
}

const TIMEOUT_MS = 10_000

/**
 * Checks a session with an access token at the UserInfo endpoint. A refresh would tell too, but a lost response would end the session, and there are
 * eighty checks an hour.
 *
 * @returns `undefined` when the response tells neither.
 * @throws SignInError `identity_unavailable` without a response.
 */
export async function isAlive(
  configuration: oidc.Configuration,
  accessToken: string,
  dpopKey: CryptoKeyPair | undefined,
): Promise<boolean | undefined> {
  const endpoint = URL.parse(configuration.serverMetadata().userinfo_endpoint ?? '')
  if (!endpoint) return undefined
  const asked = { url: endpoint, method: 'GET', accessToken, now: nowAt(configuration) } as const
  const headers = {
    authorization: `Bearer ${accessToken}`,
    ...(dpopKey ? { dpop: await proofFor(dpopKey, asked) } : {}),
  }
  const status = await send(endpoint, { headers })
  if (status === undefined) throw new SignInError('identity_unavailable', 'the identity provider did not answer')
  if (status === 200) return true
  return status === 401 ? false : undefined
}

/**
 * RP-initiated logout without the browser, then revocation of the refresh token. Logout also triggers back-channel logout, which revocation does not.
 * Errors are ignored: the person is signed out here in any case.
 */
export async function endSession(
  configuration: oidc.Configuration,
  { idToken, refreshToken }: RefreshState,
  dpopKey: CryptoKeyPair | undefined,
): Promise<void> {
  const { end_session_endpoint, revocation_endpoint } = configuration.serverMetadata()
  const { client_id } = configuration.clientMetadata()
  const ending = URL.parse(end_session_endpoint ?? '')
  if (ending) await send(ending, { method: 'POST', body: new URLSearchParams({ id_token_hint: idToken, client_id }) })
  const url = URL.parse(revocation_endpoint ?? '')
  if (!url) return
  const proof = dpopKey && (await proofFor(dpopKey, { url, method: 'POST', now: nowAt(configuration) }))
  const body = new URLSearchParams({ token: refreshToken, token_type_hint: 'refresh_token', client_id })
  await send(url, { method: 'POST', body, ...(proof ? { headers: { dpop: proof } } : {}) })
}

/** @returns The status; `undefined` without a response, after which the session ends by its idle timeout. */
async function send(url: URL, init: RequestInit): Promise<number | undefined> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    await response.body?.cancel()
    return response.status
  } catch {
    return undefined
  }
}
