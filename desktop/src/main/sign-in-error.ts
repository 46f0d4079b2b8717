/**
 * Why there is no session, as a code: texts for people are the window's.
 *
 * @module
 */

/**
 * `cancelled` by the person in the app · `timed_out` waiting for the browser · `refused` by the identity provider or by the person at its
 * page · `invalid_response`: what came back is not to be trusted · `identity_unavailable`: no answer, try again later ·
 * `session_ended`: sign in again · `audience_missing`: the sign-in did not ask for this service.
 */
export type SignInErrorCode =
  | 'cancelled'
  | 'timed_out'
  | 'refused'
  | 'invalid_response'
  | 'identity_unavailable'
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
