/**
 * Hosts of AI agents by third parties, such as a chat program that calls MCP servers.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type { ClientMetadata } from 'oidc-provider'
import type { AddedService } from './added-services.ts'

/** A host that was added to the realm; `calls` are the services that it may ask for tokens for. */
export interface AddedHost extends AddedService {
  /** Exact addresses that the browser returns to. */
  readonly redirectUris: readonly string[]
}

/** The client as `oidc-provider` stores it. Its sessions end by the same back-channel logout as the desktop's. */
export function hostMetadata({ clientId, calls, redirectUris }: AddedHost, database: DatabaseSync): ClientMetadata {
  const desktop = database.prepare("SELECT metadata FROM clients WHERE client_id = 'desktop'").get()
  const { backchannel_logout_uri: logoutUrl } = JSON.parse(String(desktop?.['metadata'] ?? '{}')) as ClientMetadata
  return {
    client_id: clientId,
    id_token_signed_response_alg: 'RS256',
    scope: ['openid', ...calls].join(' '),
    token_endpoint_auth_method: 'none',
    application_type: redirectUris.some((uri) => uri.startsWith('http:')) ? 'native' : 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [...redirectUris],
    ...(logoutUrl === undefined
      ? {}
      : { backchannel_logout_uri: logoutUrl, backchannel_logout_session_required: true }),
  }
}
