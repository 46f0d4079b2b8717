/**
 * Where an identity provider answers: from its preset, or by OpenID Connect Discovery. The document is read when it is first needed and again
 * after an hour; while the provider is away, the one that was read last is used.
 *
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig OpenID Connect Discovery 1.0, section 4}
 * @module
 */
import { joinUrl, plainHttpObjection } from '@mandate/protocol'
import type { Dispatcher } from 'undici'
import { z } from 'zod'
import type { IdentityProvider, ProviderEndpoints } from './provider.ts'

export interface DiscoveryOptions {
  /** Compared with the document's `issuer` character by character. */
  readonly issuer: string
  /** Where the provider is reached, when that is not the issuer's own name. */
  readonly identityUrl?: string | undefined
  readonly endpoints?: IdentityProvider['endpoints'] | undefined
  /** Time for the document, in milliseconds. */
  readonly timeoutMs: number
  readonly plainHttpHosts: readonly string[]
  readonly dispatcher: Dispatcher
  /** A clock in milliseconds. */
  readonly now: () => number
}

/** @throws Error when the document cannot be had, or is of another issuer. */
export type Discover = () => Promise<ProviderEndpoints>

const KEPT_MS = 3_600_000
const documentSchema = z.looseObject({ issuer: z.string(), jwks_uri: z.url(), token_endpoint: z.url().optional() })

export function createDiscovery(options: DiscoveryOptions): Discover {
  const { issuer, identityUrl = issuer, endpoints, now } = options
  if (endpoints !== undefined) {
    const fixed = Promise.resolve(endpoints(identityUrl))
    return () => fixed
  }
  let known: { readonly endpoints: ProviderEndpoints; readonly at: number } | undefined
  let flight: Promise<ProviderEndpoints> | undefined
  const read = async (): Promise<ProviderEndpoints> => {
    const found = await readDocument(options)
    known = { endpoints: found, at: now() }
    return found
  }
  return async () => {
    if (known !== undefined && now() - known.at < KEPT_MS) return known.endpoints
    flight ??= read().finally(() => {
      flight = undefined
    })
    if (known === undefined) return await flight
    const last = known
    // One failed attempt an hour costs nobody anything.
    flight.catch(() => {
      known = { ...last, at: now() }
    })
    return last.endpoints
  }
}

async function readDocument(options: DiscoveryOptions): Promise<ProviderEndpoints> {
  const { issuer, identityUrl, dispatcher, timeoutMs } = options
  const url = new URL(joinUrl(identityUrl ?? issuer, '/.well-known/openid-configuration'))
  const { statusCode, body } = await dispatcher.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: 'GET',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`the discovery document at ${url.href} answered ${statusCode}`)
  const document = documentSchema.parse(JSON.parse(text))
  if (document.issuer !== issuer)
    throw new Error(`the discovery document at ${url.href} is of the issuer ${document.issuer}, not of ${issuer}`)
  const { jwks_uri, token_endpoint } = document
  return {
    jwksUri: reachable(jwks_uri, options),
    tokenEndpoint: token_endpoint === undefined ? undefined : reachable(token_endpoint, options),
  }
}

/** An endpoint at the issuer's own name is reached where the issuer is. @throws Error for plain HTTP over a network. */
function reachable(endpoint: string, { issuer, identityUrl, plainHttpHosts }: DiscoveryOptions): string {
  const { origin, pathname, search } = new URL(endpoint)
  const isOwn = identityUrl !== undefined && origin === new URL(issuer).origin
  const url = isOwn ? new URL(identityUrl).origin + pathname + search : endpoint
  const objection = plainHttpObjection(url, plainHttpHosts)
  if (objection) throw new Error(`${url} of the discovery document ${objection}`)
  return url
}
