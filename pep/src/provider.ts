/**
 * What differs between identity providers: which claims name a person, a client, an actor, a persona and scopes, which kinds of access token are
 * accepted, and where keys and tokens are had. The defaults are the strict ones of RFC 9068; a preset or an option relaxes them by name.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068.html RFC 9068}
 * @module
 */
import type { CryptoKey } from 'jose'
import { z } from 'zod'

/** Claims of a token whose signature, issuer, audience and times were verified. */
export type TokenClaims = Readonly<Record<string, unknown>>

/** Where a value is in a token: the name of a claim, several names of which the first one present counts, or a function of all claims. */
export type ClaimSource = string | readonly string[] | ((claims: TokenClaims) => unknown)

/** Which claims of a token say what. A source that is left out is the default one. */
export interface ClaimMapping {
  /** The person: an id that is never reassigned. @default 'sub' */
  readonly subject?: ClaimSource
  /** The client that the token was issued to. @default the first of `azp`, `client_id`, `appid`, `cid` */
  readonly client?: ClaimSource
  /** The agent that acts for the person. Where the token names none, a client that is not interactive is the actor. @default none */
  readonly actor?: ClaimSource
  /** `title/circle`, in tokens that are bound to one persona. A header that names another one is 400. @default none: the header `Mandate-Persona` alone */
  readonly persona?: ClaimSource
  /** Scopes, as a list or separated by spaces. @default the first of `scope`, `scp` */
  readonly scopes?: ClaimSource
  /** The session at the identity provider. @default 'sid' */
  readonly session?: ClaimSource
  /** Whether the token is of a client's own account, with no person behind it. @default the claim `svc` is there, or the subject is the client (RFC 9068, section 2.2) */
  readonly service?: (claims: TokenClaims) => boolean
}

/** Signature algorithms that can be allowed. None needs a secret that two sides share. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
/** A signature algorithm of RFC 7518 or RFC 8037. */
export type Algorithm = (typeof ALGORITHMS)[number]

/** Where an identity provider answers. */
export interface ProviderEndpoints {
  readonly jwksUri: string
  /** Needed for the service's own tokens. */
  readonly tokenEndpoint?: string | undefined
}

/** What a token adapter may use. */
export interface TokenAdapterOptions {
  readonly issuer: string
  readonly audience: string
  /** The RSA key of a `kid`, from the same cache as the verification's. */
  readonly keyOf: (kid: string) => Promise<CryptoKey>
}

/**
 * A second library that gets each token after it was verified. Its result is put on the request as further members, and shared by all requests
 * with the same token: it must be frozen.
 *
 * @throws Fault `unauthenticated` for a token that it refuses.
 */
export type TokenAdapter = (token: string) => Promise<Readonly<Record<string, unknown>>>

/** How access tokens of an identity provider are read. The presets are `auth0()`, `entra()`, `okta()` and `keycloak()`. */
export interface IdentityProvider {
  readonly claims?: ClaimMapping
  /** @default all of RS256, PS256, ES256 and EdDSA */
  readonly algorithms?: readonly Algorithm[]
  /**
   * `at+jwt`: access tokens of RFC 9068 only, told from ID tokens by their header. `any`: also those with the header type `JWT`, or none, that
   * hold no claim of an ID token. @default 'at+jwt'
   */
  readonly tokenType?: 'at+jwt' | 'any'
  /** Longest age of a token in seconds, counted from its `iat`, even if `exp` is later. @default 900 */
  readonly maxTokenAgeSeconds?: number
  /** Audiences that a token may have beside the service's own. @default none: a token for two services is refused */
  readonly otherAudiences?: readonly string[]
  /** Where the provider answers, without its discovery document. @param base - The issuer, or `identityUrl`. @default OpenID Connect Discovery */
  readonly endpoints?: (base: string) => ProviderEndpoints
  /** @default none */
  readonly adapter?: (options: TokenAdapterOptions) => TokenAdapter
}

/** What an application can change in a preset. */
export type ProviderChanges = Omit<IdentityProvider, 'endpoints' | 'adapter'>

const DAY_S = 86_400

/**
 * Auth0: the issuer ends with a slash (`https://TENANT.eu.auth0.com/`), the audience is the identifier of the API. A client's own token has
 * `gty: client-credentials`, or, by the RFC 9068 profile, the `sub` `CLIENT@clients` alone; a token with the scope `openid` is also for `…/userinfo`,
 * which is allowed when `otherAudiences` names it.
 * Accepts both of Auth0's token profiles, for a day: its default lifetime.
 */
export function auth0({ claims, ...changes }: ProviderChanges = {}): IdentityProvider {
  const service = ({ gty, sub, azp, client_id: client = azp }: TokenClaims): boolean =>
    gty === 'client-credentials' || (client !== undefined && sub === `${client}@clients`)
  return { tokenType: 'any', maxTokenAgeSeconds: DAY_S, ...changes, claims: { service, ...claims } }
}

/**
 * Microsoft Entra ID: the issuer is `https://login.microsoftonline.com/TENANT/v2.0`, the audience the application's id (a GUID). The API must
 * issue tokens of version 2. A person is `oid`, the same in all applications of a tenant (`sub` differs in each). A client's own token is one
 * with the optional claim `idtyp: app`, or without the claim `scp`.
 */
export function entra({ claims, ...changes }: ProviderChanges = {}): IdentityProvider {
  const service = ({ idtyp, scp }: TokenClaims): boolean => (idtyp === undefined ? scp === undefined : idtyp === 'app')
  return {
    algorithms: ['RS256', 'PS256'],
    tokenType: 'any',
    maxTokenAgeSeconds: DAY_S,
    ...changes,
    claims: { subject: 'oid', client: ['azp', 'appid'], service, ...claims },
  }
}

/**
 * Okta, with a custom authorization server: the issuer is `https://ORG.okta.com/oauth2/default`, the audience the server's. A person is `uid`,
 * since `sub` is a login name, which can change; a client's own token has no `uid`.
 */
export function okta({ claims, ...changes }: ProviderChanges = {}): IdentityProvider {
  const service = ({ uid }: TokenClaims): boolean => uid === undefined
  return {
    algorithms: ['RS256'],
    tokenType: 'any',
    maxTokenAgeSeconds: DAY_S,
    ...changes,
    claims: { subject: ['uid', 'sub'], client: 'cid', service, ...claims },
  }
}

const isFunction = (value: unknown) => typeof value === 'function'
const source = z.union([
  z.string().min(1),
  z.array(z.string().min(1)).min(1),
  z.custom<(claims: TokenClaims) => unknown>(isFunction, 'must name a claim, or be a function of the claims'),
])
const service = z.custom<(claims: TokenClaims) => boolean>(isFunction, 'must be a function of the claims')

/** All members with their defaults. */
export const providerSchema = z.strictObject({
  claims: z
    .strictObject({
      subject: source.default('sub'),
      client: source.default(['azp', 'client_id', 'appid', 'cid']),
      actor: source.default([]),
      persona: source.default([]),
      scopes: source.default(['scope', 'scp']),
      session: source.default('sid'),
      service: service.optional(),
    })
    .prefault({}),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .default([...ALGORITHMS]),
  tokenType: z.enum(['at+jwt', 'any']).default('at+jwt'),
  maxTokenAgeSeconds: z.int().min(1).default(900),
  otherAudiences: z.array(z.string().min(1)).default([]),
  endpoints: z
    .custom<NonNullable<IdentityProvider['endpoints']>>(isFunction, 'must be a function of the base URL')
    .optional(),
  adapter: z.custom<NonNullable<IdentityProvider['adapter']>>(isFunction, 'must be a function').optional(),
})
/** A provider with every default filled in. */
export type CheckedProvider = z.output<typeof providerSchema>

/** The value of the first claim of a source that the token has. */
export function readClaim(claims: TokenClaims, from: ClaimSource): unknown {
  if (typeof from === 'function') return from(claims)
  const name = [from].flat().find((each) => claims[each] !== undefined)
  return name === undefined ? undefined : claims[name]
}
