/**
 * Shared by every call to the PDP: keep-alive connections, the service's own token, the time limit of one question.
 *
 * @module
 */
import { identityAgent } from '@mandate/service'
import { createDiscovery } from './discovery.ts'
import type { CallOptions } from './http-call.ts'
import type { CheckedPdpAdminOptions } from './options.ts'
import { createPools, PdpEndpoints } from './pdp-endpoints.ts'
import { RetryBudget } from './retry-budget.ts'
import { fixedBearer, RenewedToken } from './service-token.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

export interface Transport extends CallOptions {
  readonly timeoutMs: number
  /** Lets calls under way finish, then ends every connection. */
  readonly close: () => Promise<void>
}

export function createTransport(options: CheckedPdpAdminOptions): Transport {
  const { pdpUrl, timeoutMs, credentials, pdpScope, pdpTokenRequest = { scope: pdpScope }, issuer, tls } = options
  const pools = createPools([pdpUrl].flat(), options)
  const identity = identityAgent(tls)
  const discover = createDiscovery({ ...options, ...options.provider, dispatcher: identity, now: Date.now })
  const ownToken = (own: Exclude<typeof credentials, { readonly apiKey: unknown }>) => {
    const shared = { issuer, discover, timeoutMs, dispatcher: identity, now: Date.now }
    const request = createTokenEndpoint({ ...shared, credentials: own })
    return new RenewedToken(() => request({ ...pdpTokenRequest, grant_type: 'client_credentials' }), Date.now)
  }
  return {
    endpoints: new PdpEndpoints(pools, () => performance.now()),
    retries: new RetryBudget(),
    token: 'apiKey' in credentials ? fixedBearer(credentials.apiKey) : ownToken(credentials),
    timeoutMs,
    close: async () => {
      await Promise.all([...pools.map(({ pool }) => pool.close()), identity.close()])
    },
  }
}
