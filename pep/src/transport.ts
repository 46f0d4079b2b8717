/**
 * What every call to the PDP shares: kept-alive connections, the service's own token, the deadline.
 *
 * @module
 */
import { Agent, Pool } from 'undici'
import type { CallOptions } from './http-call.ts'
import type { CheckedPdpAdminOptions } from './options.ts'
import { ServiceToken } from './service-token.ts'

export interface Transport extends CallOptions {
  /** Path of the PDP's base URL, without a trailing slash. */
  readonly basePath: string
  /** Lets calls under way finish, then ends every connection. */
  readonly close: () => Promise<void>
}

/** Connections to the PDP at most; requests beyond wait, and their deadline runs. */
const CONNECTIONS = 64

/** Where Keycloak answers what, under an issuer's URL. */
export function endpointsOf(identityUrl: string): { readonly jwksUri: string; readonly tokenEndpoint: string } {
  const base = `${identityUrl}/protocol/openid-connect`
  return { jwksUri: `${base}/certs`, tokenEndpoint: `${base}/token` }
}

export function createTransport(options: CheckedPdpAdminOptions): Transport {
  const { pdpUrl, timeoutMs, credentials, pdpScope, issuer, identityUrl, maxAnswerBytes } = options
  const url = new URL(pdpUrl)
  const pool = new Pool(url.origin, { connections: CONNECTIONS, maxResponseSize: maxAnswerBytes })
  const identity = new Agent({ connections: 2, maxResponseSize: 65_536 })
  const token = new ServiceToken({
    ...credentials,
    tokenEndpoint: endpointsOf(identityUrl ?? issuer).tokenEndpoint,
    scope: pdpScope,
    timeoutMs,
    dispatcher: identity,
    now: Date.now,
  })
  return {
    pool,
    token,
    timeoutMs,
    basePath: url.pathname === '/' ? '' : url.pathname,
    close: async () => {
      await Promise.all([pool.close(), identity.close()])
    },
  }
}
