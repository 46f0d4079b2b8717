/**
 * OpenID Connect client of the identity provider: discovery at first use, cached, with the measured clock skew.
 *
 * @module
 */
import * as oidc from 'openid-client'
import { isLoopback } from './address.ts'
import { ProviderClock } from './provider-clock.ts'
import { SignInError } from './sign-in-error.ts'

/** The identity provider, as one client of it. */
export interface Identity {
  readonly clientId: string
  /**
   * The client configuration with the present clock skew.
   *
   * @throws SignInError `identity_unavailable`, or `invalid_response` for metadata of another issuer.
   */
  readonly configuration: () => Promise<oidc.Configuration>
}

export interface IdentityOptions {
  readonly issuer: string
  readonly clientId: string
}

/** Timeout of one request, in seconds. */
const TIMEOUT_S = 15
/** Tolerance beyond the measured skew, in seconds: covers latency and dates without fractions. */
const TOLERANCE_S = 10

/** Corrects for clock skew ({@link ProviderClock}), so that a wrong system clock does not prevent signing in. */
export function createIdentity({ issuer, clientId }: IdentityOptions): Identity {
  const isInsecure = issuer.startsWith('http:') && isLoopback(issuer)
  const clock = new ProviderClock()
  const timedFetch: oidc.CustomFetch = async (url, { body = null, ...options }) => {
    const response = await fetch(url, { ...options, body })
    clock.read(response)
    return response
  }
  const discover = async (): Promise<oidc.Configuration> => {
    const execute = isInsecure ? [oidc.allowInsecureRequests] : []
    const options = { execute, timeout: TIMEOUT_S, [oidc.customFetch]: timedFetch }
    try {
      return await oidc.discovery(new URL(issuer), clientId, undefined, oidc.None(), options)
    } catch (cause) {
      const isOthers = cause instanceof oidc.ClientError && cause.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'
      if (isOthers) throw new SignInError('invalid_response', 'the metadata are of another issuer', { cause })
      throw new SignInError('identity_unavailable', 'the identity provider cannot be discovered', { cause })
    }
  }
  let discovered: Promise<oidc.Configuration> | undefined
  return {
    clientId,
    configuration: async () => {
      discovered ??= discover()
      const found = await discovered.catch((error: unknown) => {
        discovered = undefined
        throw error
      })
      const ask = (url: string, init: object) => fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_S * 1_000) })
      await clock.settle(found.serverMetadata(), clientId, ask)
      const metadata = { [oidc.clockSkew]: clock.skewS, [oidc.clockTolerance]: TOLERANCE_S }
      const configuration = new oidc.Configuration(found.serverMetadata(), clientId, metadata, oidc.None())
      configuration.timeout = TIMEOUT_S
      configuration[oidc.customFetch] = timedFetch
      if (isInsecure) oidc.allowInsecureRequests(configuration)
      return configuration
    },
  }
}
