/**
 * The identity provider's time, as seen from a machine whose clock may be wrong: proofs of possession and ID tokens are made and read by it.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import type * as oidc from 'openid-client'
import { z } from 'zod'

type Ask = (url: string, init: { readonly redirect: 'manual' }) => Promise<Response>

/**
 * How long the signed answer to an authorization request lives, in seconds: Keycloak's lifespan of a code, which the realm sets to its default. It
 * is all that such an answer says of the time.
 */
const ANSWER_LIFE_S = 60
/** A jump of this machine's clock against its own monotonic one beyond this, in milliseconds, makes what was measured worthless. */
const JUMP_MS = 2_000
/** Registered for this client, and nobody follows it. */
const REDIRECT = 'http://127.0.0.1/callback'

const answerSchema = z.object({ exp: z.number(), iat: z.number().optional() })

/**
 * Read from the `Date` of the provider's answers, where it sends one. Keycloak does not; so it is asked for a signed refusal (JARM,
 * `response_mode=query.jwt` with `prompt=none`, and nobody signed in), whose `exp` is its time and a minute. Neither costs a person anything, and over
 * TLS both are as good as the tokens themselves.
 */
export class ProviderClock {
  #skewMs = 0
  #hasDates = false
  /** How far the two clocks of this machine were apart when it was measured. */
  #measuredAt: number | undefined

  /** What to add to this machine's clock, in whole seconds. */
  get skewS(): number {
    return Math.round(this.#skewMs / 1_000)
  }

  read(response: Response): void {
    const date = Date.parse(response.headers.get('date') ?? '')
    if (Number.isNaN(date)) return
    this.#hasDates = true
    this.#skewMs = date - Date.now()
  }

  /** Measures it where no answer tells, and again when this machine's clock was set since. Without success it stays what it was. */
  async settle(metadata: oidc.ServerMetadata, clientId: string, ask: Ask): Promise<void> {
    if (this.#hasDates || !metadata['response_modes_supported']) return
    if (this.#measuredAt !== undefined && Math.abs(drift() - this.#measuredAt) < JUMP_MS) return
    const time = await timeOf(metadata, clientId, ask).catch(() => undefined)
    if (time === undefined) return
    this.#skewMs = time - Date.now()
    this.#measuredAt = drift()
  }
}

const drift = (): number => Date.now() - performance.now()

/** In milliseconds since 1970; `undefined` where the answer is not of that kind. */
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
  const { exp, iat } = answerSchema.parse(JSON.parse(Buffer.from(claims, 'base64url').toString()))
  return (iat ?? exp - ANSWER_LIFE_S) * 1_000
}
