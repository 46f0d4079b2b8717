/**
 * How the identity provider is asked whether a session still is, and told that it is over.
 *
 * @module
 */
import type * as oidc from 'openid-client'
import { nowAt, proofFor } from './proof-of-possession.ts'
import type { CryptoKeyPair, RefreshState } from './session.ts'
import { SignInError } from './sign-in-error.ts'

const TIMEOUT_MS = 10_000

/**
 * Asks with an access token, at the UserInfo endpoint: that uses nothing up. A refresh would tell too, but each one that is lost on the way costs the
 * session, and there are eighty looks an hour.
 *
 * @returns `undefined` when the answer tells nothing.
 * @throws SignInError `identity_unavailable` when there is none.
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
 * RP-initiated logout without the browser: it also tells the other services (back-channel), which revoking a token does not. An identity
 * provider that does not answer cannot keep a person signed in here.
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

/** @returns the status; `undefined` without an answer. What is ended ends by itself when it has been idle for long enough. */
async function send(url: URL, init: RequestInit): Promise<number | undefined> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    await response.body?.cancel()
    return response.status
  } catch {
    return undefined
  }
}
