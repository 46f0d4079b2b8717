/**
 * A service's own token, by client credentials (RFC 6749, section 4.4). The secret comes from a file or the environment, never from an option's value.
 *
 * @module
 */
import * as oidc from 'openid-client'
import type { ConnectionOptions, ServiceOptions } from '../command-line.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import { serverUrl } from '../inputs.ts'
import type { Io } from '../io.ts'
import { readSecret } from '../private-input.ts'
import { issuerOf } from './issuer.ts'
import { AUDIENCE } from './tokens.ts'

const TIMEOUT_S = 15

/** Gets a token for the PDP. @throws CommandError (exit 77) when the client is refused, 69 when the issuer does not answer. */
export async function serviceToken(io: Io, options: ConnectionOptions & ServiceOptions): Promise<string> {
  const { clientId } = options
  if (!clientId) throw usageError('Which service? Give --client-id ID.')
  const issuer = serverUrl(issuerOf(io, options), '--issuer')
  const secret = await clientSecret(io, options)
  const execute = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []
  try {
    const settings = { execute, timeout: TIMEOUT_S }
    const client = oidc.ClientSecretBasic(secret)
    const configuration = await oidc.discovery(new URL(issuer), clientId, undefined, client, settings)
    const { access_token } = await oidc.clientCredentialsGrant(configuration, { scope: AUDIENCE })
    return access_token
  } catch (cause) {
    throw tokenError(cause, clientId, issuer)
  }
}

function tokenError(cause: unknown, clientId: string, issuer: string): CommandError {
  const refused = refusalOf(cause)
  if (refused === undefined)
    return new CommandError(EXIT.unreachable, `${issuer} does not answer.`, { code: 'identity_unavailable', cause })
  const mend = 'Check the client id and its secret.'
  const detail = `${clientId}: ${refused}.`
  return new CommandError(EXIT.refused, 'The identity provider refused the service.', {
    code: 'client_refused',
    detail,
    mend,
    cause,
  })
}

/** What the identity provider said; `undefined` when it failed or did not answer. A wrong secret is a 401 with a challenge. */
function refusalOf(cause: unknown): string | undefined {
  if (cause instanceof oidc.WWWAuthenticateChallengeError) return 'client id or secret are wrong'
  if (!(cause instanceof oidc.ResponseBodyError) || cause.status >= 500) return undefined
  return cause.error_description ?? cause.error
}

async function clientSecret({ environment }: Io, options: ConnectionOptions & ServiceOptions): Promise<string> {
  const file = options.clientSecretFile ?? environment['MANDATE_CLIENT_SECRET_FILE']
  const secret = file ? await readSecret(file) : environment['MANDATE_CLIENT_SECRET']
  if (secret) return secret
  throw usageError('Give --client-secret-file FILE, or set MANDATE_CLIENT_SECRET.')
}
