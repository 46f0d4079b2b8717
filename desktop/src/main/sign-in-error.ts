/**
 * Why there is no session, as a code: texts for people are the window's.
 *
 * @module
 */
import * as oidc from 'openid-client'

/**
 * `cancelled` by the person in the app · `timed_out` waiting for the browser · `refused` by the identity provider or by the person at its
 * page · `invalid_response`: what came back is not to be trusted · `identity_unavailable`: no answer, try again later ·
 * `clock_wrong`: this machine's clock, which could not be made up for · `session_ended`: sign in again · `audience_missing`: the sign-in did not ask for this service.
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

/** `code` is the contract; `message` and `cause` are for operators and hold no token. */
export class SignInError extends Error {
  override readonly name = 'SignInError'
  readonly code: SignInErrorCode

  constructor(code: SignInErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whether an answer, or what openid-client says of one, is about the time: a proof that is not active, a token from another time. */
export function isAboutTime(error: unknown): boolean {
  if (error instanceof oidc.ClientError) return error.code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'
  if (!(error instanceof oidc.ResponseBodyError)) return false
  const { error: code, error_description: said = '' } = error
  return (
    (code === 'invalid_dpop_proof' || code === 'invalid_request') && /DPoP proof is not active|\biat\b/iu.test(said)
  )
}
