/**
 * Access tokens of a kept sign-in: refreshed under a lock, since the realm ends a session whose refresh token is used twice.
 *
 * @module
 */
import { createIdentity, createSession, keyOf, SignInError } from '@mandate/desktop/native-session'
import { CommandError, EXIT } from '../exit.ts'
import type { Profile, ProfileFile } from './profile.ts'

/** Audience of the tokens, and the scope that gives it. */
export const AUDIENCE = 'pdp'
/** Time before its end at which an access token is replaced, in milliseconds. */
const STALE_BEFORE_END_MS = 30_000

/** An access token for the PDP. @throws CommandError (exit 77) when nobody is signed in or the session has ended. */
export async function accessToken(file: ProfileFile): Promise<string> {
  const kept = file.read()?.access
  if (kept && Date.now() < kept.staleAt) return kept.token
  return await renewedToken(file, undefined)
}

/** A new access token. @param refused - The token that was refused; another process may have replaced it meanwhile. */
export async function renewedToken(file: ProfileFile, refused: string | undefined): Promise<string> {
  return await file.locked(async () => {
    const profile = file.read()
    if (!profile) throw signedOut(file.name)
    const { access } = profile
    // allowed: timing: both tokens are the profile's own; nobody sends one to be guessed.
    if (access && access.token !== refused && Date.now() < access.staleAt) return access.token
    return await refresh(file, profile)
  })
}

/** A token for a service, and its end in milliseconds since 1970. @throws CommandError (exit 77) when the sign-in did not ask for that service. */
export async function tokenFor(
  file: ProfileFile,
  audience: string,
): Promise<{ readonly token: string; readonly endsAt: number }> {
  const token = await file.locked(async () => {
    const profile = file.read()
    if (!profile) throw signedOut(file.name)
    return await refresh(file, profile, audience)
  })
  return { token, endsAt: endOf(token) }
}

async function refresh(file: ProfileFile, profile: Profile, audience = AUDIENCE): Promise<string> {
  let next = profile
  const session = createSession({
    configuration: createIdentity(profile).configuration,
    subject: profile.subject,
    refreshToken: profile.refreshToken,
    idToken: profile.idToken,
    dpopKey: await keyOf(profile.key),
    keep: async (state) => {
      const { access: _, ...rest } = next
      next = { ...rest, ...state }
      file.write(next)
    },
    onEnded: () => file.remove(),
  })
  try {
    const token = await session.tokenFor(audience)
    if (audience === AUDIENCE) file.write({ ...next, access: { token, staleAt: endOf(token) - STALE_BEFORE_END_MS } })
    return token
  } catch (error) {
    if (error instanceof SignInError && error.code === 'audience_missing') throw withoutScope(audience, error)
    throw commandErrorOf(error, profile.issuer)
  }
}

/** `exp` of an access token, in milliseconds. Not verified: it comes directly from the issuer. */
function endOf(token: string): number {
  const { exp } = claimsOf(token)
  return typeof exp === 'number' ? exp * 1_000 : 0
}

/** Claims of a token, without verification. `{}` for a text that is no JWT. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}

/** The error of a command that needs a sign-in. */
export function signedOut(profile: string): CommandError {
  return new CommandError(EXIT.refused, `You are not signed in (profile ${profile}).`, {
    code: 'signed_out',
    mend: 'Sign in: mandate login. Or set MANDATE_TOKEN, or --token-file.',
  })
}

function withoutScope(audience: string, cause: SignInError): CommandError {
  return new CommandError(EXIT.refused, `Your sign-in is not for ${audience}.`, {
    code: cause.code,
    mend: `Sign in for it: mandate login --scope ${audience}.`,
    cause,
  })
}

const TITLES: Readonly<Partial<Record<SignInError['code'], string>>> = {
  session_ended: 'Your session has ended.',
  timed_out: 'Nobody signed in within five minutes.',
  cancelled: 'The sign-in was cancelled.',
  clock_wrong: 'The clock of this machine is wrong.',
  refused: 'The identity provider refused the sign-in.',
}

/** Puts an error of sign-in and session into words. */
export function commandErrorOf(error: unknown, issuer: string): unknown {
  if (!(error instanceof SignInError)) return error
  if (error.code === 'identity_unavailable') {
    const detail = 'Is it running, and is this its issuer URL?'
    return new CommandError(EXIT.unreachable, `${issuer} does not answer.`, { code: error.code, detail, cause: error })
  }
  const title = TITLES[error.code] ?? `The identity provider's response is not usable: ${error.message}.`
  const exit = error.code === 'invalid_response' ? EXIT.data : EXIT.refused
  return new CommandError(exit, title, { code: error.code, mend: 'Sign in again: mandate login.', cause: error })
}
