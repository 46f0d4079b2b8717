/**
 * Sign-in on another device (RFC 8628): a code is shown here, and typed there.
 *
 * @module
 */
import type { Identity, newKey, SignedIn } from '@mandate/desktop/native-session'
import * as oidc from 'openid-client'
import { escapeControls } from '../escape.ts'
import { CommandError, EXIT } from '../exit.ts'

interface DeviceOptions {
  readonly scopes: readonly string[]
  /** The DPoP key that the refresh token is bound to. */
  readonly key: Awaited<ReturnType<typeof newKey>>['pair']
  readonly show: (text: string) => void
  readonly signal: AbortSignal | undefined
}

/** Shows address and code, and waits until the person has signed in, refused, or let the code expire. */
export async function signInWithDevice(identity: Identity, options: DeviceOptions): Promise<SignedIn> {
  const { scopes, key, show, signal } = options
  const configuration = await identity.configuration()
  const { issuer, device_authorization_endpoint } = configuration.serverMetadata()
  if (device_authorization_endpoint === undefined) throw unsupported(issuer)
  // Also verifies the ID token's signature (OpenID Connect Core, 3.1.3.7).
  oidc.enableNonRepudiationChecks(configuration)
  try {
    const DPoP = oidc.getDPoPHandle(configuration, key)
    const scope = ['openid', ...scopes].join(' ')
    // PKCE: the RFC does not have it for this grant, Keycloak asks for it, and a stolen device code is of no use without the verifier.
    const verifier = oidc.randomPKCECodeVerifier()
    const challenge = await oidc.calculatePKCECodeChallenge(verifier)
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    const started = await oidc.initiateDeviceAuthorization(configuration, { scope, ...pkce }).catch((cause) => {
      throw notAllowed(cause, issuer)
    })
    const [address, code] = [started.verification_uri, started.user_code].map(escapeControls)
    show(
      `Open ${address} on any device, and type this code:\n\n  ${code}\n\nGive it to nobody: it signs in this terminal.\n`,
    )
    const waiting = { DPoP, ...(signal ? { signal } : {}) }
    const tokens = await oidc.pollDeviceAuthorizationGrant(configuration, started, { code_verifier: verifier }, waiting)
    const subject = tokens.claims()?.sub
    if (subject === undefined || tokens.refresh_token === undefined || tokens.id_token === undefined)
      throw new CommandError(EXIT.data, 'The identity provider gave no refresh token or no ID token.', {
        code: 'response',
      })
    return { subject, refreshToken: tokens.refresh_token, idToken: tokens.id_token }
  } catch (cause) {
    throw deviceError(cause, issuer)
  }
}

/** A provider with this grant refuses a client without it, each by a code of its own: RFC 8628 names none. */
function notAllowed(cause: unknown, issuer: string): unknown {
  const code = cause instanceof oidc.ResponseBodyError ? cause.error : undefined
  const isAbout = cause instanceof oidc.ResponseBodyError && /allowed|grant/iu.test(cause.error_description ?? '')
  const isRefused =
    code === 'unauthorized_client' || code === 'invalid_grant' || (code === 'invalid_request' && isAbout)
  return isRefused ? unsupported(issuer) : cause
}

function unsupported(issuer: string): CommandError {
  const mend = 'Sign in without --device.'
  return new CommandError(EXIT.refused, `${issuer} has no sign-in on another device for this client.`, {
    code: 'no_device_flow',
    mend,
  })
}

function deviceError(cause: unknown, issuer: string): unknown {
  if (cause instanceof CommandError) return cause
  const code = cause instanceof oidc.ResponseBodyError ? cause.error : undefined
  if (code === 'unauthorized_client' || code === 'unsupported_grant_type') return unsupported(issuer)
  const mend = 'Try again: mandate login --device.'
  if (code === 'expired_token') return new CommandError(EXIT.refused, 'The code has expired.', { code, mend, cause })
  if (code !== undefined) {
    const detail = cause instanceof oidc.ResponseBodyError ? cause.error_description : undefined
    return new CommandError(EXIT.refused, 'The sign-in was refused.', { code, detail, mend, cause })
  }
  return new CommandError(EXIT.unreachable, `${issuer} does not answer.`, { code: 'identity_unavailable', mend, cause })
}
