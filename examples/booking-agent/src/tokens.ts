/**
 * The agent's tokens for trips: exchanged from a person's (RFC 8693), or its own. Neither is stored, logged or passed to anybody else.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import * as oidc from 'openid-client'

export interface TripsTokens {
  /**
   * A token for trips with the person's sub and the agent as `azp`.
   *
   * @throws Fault `unauthenticated` when the person's token or session has ended, `identity_unavailable` when nobody answers.
   */
  readonly exchanged: (userToken: string) => Promise<string>
  /** A token of the agent's own service account. @throws Fault `identity_unavailable`. */
  readonly own: () => Promise<string>
}

export interface TripsTokensOptions {
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: string
  /** Scope and audience of trips. @default 'trips' */
  readonly audience?: string
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const TIMEOUT_S = 5

export function createTripsTokens(options: TripsTokensOptions): TripsTokens {
  const { issuer, tokenEndpoint, clientId, clientSecret, audience = 'trips' } = options
  const server = { issuer, token_endpoint: tokenEndpoint }
  const config = new oidc.Configuration(server, clientId, clientSecret, oidc.ClientSecretBasic(clientSecret))
  config.timeout = TIMEOUT_S
  if (tokenEndpoint.startsWith('http:')) oidc.allowInsecureRequests(config)
  return {
    exchanged: (userToken) =>
      accessToken('the exchange', () =>
        oidc.genericGrantRequest(config, TOKEN_EXCHANGE, {
          subject_token: userToken,
          subject_token_type: ACCESS_TOKEN,
          requested_token_type: ACCESS_TOKEN,
          scope: audience,
          audience,
        }),
      ),
    own: () => accessToken('the agent itself', () => oidc.clientCredentialsGrant(config, { scope: audience })),
  }
}

async function accessToken(what: string, request: () => Promise<oidc.TokenEndpointResponse>): Promise<string> {
  try {
    return (await request()).access_token
  } catch (cause) {
    const refused = cause instanceof oidc.ResponseBodyError && REFUSALS.has(cause.error)
    throw new Fault(refused ? 'unauthenticated' : 'identity_unavailable', `no token for ${what}`, { cause })
  }
}

/** What the identity provider answers about a person's token; anything else is about the agent, or about itself. */
const REFUSALS: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_token', 'access_denied', 'invalid_request'])
