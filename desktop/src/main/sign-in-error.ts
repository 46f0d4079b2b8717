/**
 * Errors of sign-in and session, by code. The window has the texts.
 *
 * @module
 */
import * as oidc from 'openid-client'

/**
 * `cancelled`: by the person in the app. `timed_out`: no response from the browser. `refused`: by the identity provider, or by the person at its page.
 * `invalid_response`: the response failed a check. `identity_unavailable`: no response. `clock_wrong`: the clock skew could not be corrected.
 * `session_ended`: sign in again. `audience_missing`: the sign-in did not include this service.
 */
export type SignInErrorCode =
  | 'cancelled'
  | 'timed_out'
  | 'refused'
  | 'invalid_response'
  | 'identity_unavailable'
  | 'clock_wrong'
  | 'session_ended'
  | 'audience_missing'

/** `code` is stable; `message` and `cause` are for operators and hold no token. */
export class SignInError extends Error {
  override readonly name = 'SignInError'
  readonly code: SignInErrorCode

  constructor(code: SignInErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whether an error is about time: a proof that is not active yet, or a token outside its validity. */
export function isAboutTime(error: unknown): boolean {
  if (error instanceof oidc.ClientError) return error.code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'
  if (!(error instanceof oidc.ResponseBodyError)) return false
  const { error: code, error_description: said = '' } = error
  return (
    (code === 'invalid_dpop_proof' || code === 'invalid_request') && /DPoP proof is not active|\biat\b/iu.test(said)
  )
}
