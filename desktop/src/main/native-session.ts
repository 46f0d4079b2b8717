/**
 * Sign-in and session of a native app in parts, for programs that store the session themselves: the command line.
 *
 * @module
 */
export { createIdentity, type Identity } from './identity.ts'
export { createSession, type Session } from './session.ts'
export { endSession } from './session-end.ts'
export { type SignedIn, SignInError, type SignInErrorCode, signInWithBrowser } from './sign-in.ts'
export { jwkSchema, keyOf, newKey, type PrivateJwk } from './stored-session.ts'
