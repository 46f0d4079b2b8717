/**
 * Clock skew between this machine and the identity provider, for DPoP proofs and ID tokens.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import type * as oidc from 'openid-client'
import { z } from 'zod'

type Ask = (url: string, init: { readonly redirect: 'manual' }) => Promise<Response>

/**
 * Lifetime of a signed authorization response, in seconds: Keycloak's code lifespan, at its default in the realm. Such a response has `exp` but may
 * have no `iat`.
 */
const ANSWER_LIFE_S = 60
/** When the system clock moved by more than this against the monotonic clock, in milliseconds, the skew is measured again. */
const JUMP_MS = 2_000
/** Registered for this client; the redirect is not followed. */
const REDIRECT = 'http://127.0.0.1/callback'

const claimsSchema = z.object({ exp: z.number(), iat: z.number().optional() })

/**
 * Reads the `Date` header of the provider's responses. Keycloak sends none, so a signed error response is requested (JARM,
 * `response_mode=query.jwt` with `prompt=none` and without a session), whose `exp` is the provider's time plus a minute. Needs no user interaction.
 */
export class ProviderClock {
  #skewMs = 0
  #hasDates = false
  /** Difference of system and monotonic clock at the measurement, in milliseconds. */
  #measuredAt: number | undefined

  /** Seconds to add to this machine's clock. */
  get skewS(): number {
    return Math.round(this.#skewMs / 1_000)
  }

  read(response: Response): void {
    const date = Date.parse(response.headers.get('date') ?? '')
    if (Number.isNaN(date)) return
    this.#hasDates = true
    this.#skewMs = date - Date.now()
    this.#measuredAt = drift()
  }

  /** Measures the skew when there was no `Date` header, and again after the system clock was set. On failure the last value stays. */
  async settle(metadata: oidc.ServerMetadata, clientId: string, ask: Ask): Promise<void> {
    if (this.#measuredAt !== undefined && Math.abs(drift() - this.#measuredAt) < JUMP_MS) return
    if (this.#hasDates) {
      const response = await ask(metadata.jwks_uri ?? metadata.issuer, { redirect: 'manual' }).catch(() => undefined)
      await response?.body?.cancel()
      if (response) this.read(response)
      return
    }
    if (!metadata['response_modes_supported']) return
    const time = await timeOf(metadata, clientId, ask).catch(() => undefined)
    if (time === undefined) return
    this.#skewMs = time - Date.now()
    this.#measuredAt = drift()
  }
}

const drift = (): number => Date.now() - performance.now()

/** The provider's time in milliseconds since 1970; `undefined` when it does not support JARM. */
async function timeOf(metadata: oidc.ServerMetadata, clientId: string, ask: Ask): Promise<number | undefined> {
  const { authorization_endpoint: endpoint, response_modes_supported: modes } = metadata
  if (endpoint === undefined || !Array.isArray(modes) || !modes.includes('query.jwt')) return undefined
  const random = (): string => randomBytes(32).toString('base64url')
  const url = new URL(endpoint)
  const parameters = {
    client_id: clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    response_mode: 'query.jwt',
    prompt: 'none',
    scope: 'openid',
    state: random(),
    nonce: random(),
    code_challenge: createHash('sha256').update(random()).digest('base64url'),
    code_challenge_method: 'S256',
    dpop_jkt: random(),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const response = await ask(url.href, { redirect: 'manual' })
  await response.body?.cancel()
  const signed = URL.parse(response.headers.get('location') ?? '')?.searchParams.get('response')
  const [, claims = ''] = (signed ?? '').split('.')
  const { exp, iat } = claimsSchema.parse(JSON.parse(Buffer.from(claims, 'base64url').toString()))
  return (iat ?? exp - ANSWER_LIFE_S) * 1_000
}
