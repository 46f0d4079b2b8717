/**
 * Options of an enforcement point, all checked at once when it is created.
 *
 * @module
 */
import { plainHttpObjection } from '@mandate/protocol'
import { type ClientTls, ReplaceableTls } from '@mandate/service'
import { z } from 'zod'
import type { Decider } from './decider.ts'
import type { DecisionHook } from './decision-hook.ts'
import { stderrLogger } from './default-logger.ts'
import type { ObligationHandlers } from './obligations.ts'
import { type IdentityProvider, providerSchema } from './provider.ts'
import type { Challenge, PepLogger } from './refusal.ts'
import type { ClientKey, KeyCredentials, Readable, SecretCredentials } from './token-endpoint.ts'
import type { PepTracer } from './traced-decider.ts'

/** How the service proves itself to the PDP: its account at the identity provider, by secret or by key, or a key of the PDP's own. */
export type Credentials = SecretCredentials | KeyCredentials | ApiKeyCredentials

/** An API key of the PDP, instead of an account at the identity provider. */
export interface ApiKeyCredentials {
  /** Sent as the bearer token, for a PDP that gives keys out itself. */
  readonly apiKey: Readable<string>
}

/** Options of {@link createPep}. Checked whole: a `TypeError` names every field that is wrong. */
export interface PepOptions {
  /** The only issuer whose tokens count: compared with `iss` character by character, with a slash at its end if the tokens have one. */
  readonly issuer: string
  /** This service's audience, compared character by character. A token must have exactly this one. */
  readonly audience: string
  /** How this issuer's tokens are read. @default RFC 9068 and OpenID Connect Discovery */
  readonly provider?: IdentityProvider
  /** Base URL of the PDP, without `/access/v1`; or of several PDPs that give the same answers: they are asked in turn. */
  readonly pdpUrl: string | readonly string[]
  readonly credentials: Credentials
  /** Time for one decision, in milliseconds, token and retry included; on expiry the answer is 503. @default 1500 */
  readonly timeoutMs?: number
  /** Clients at which a person acts in person (rule A7). Every other client that brings a person's token is an actor. @default ['desktop'] */
  readonly interactiveClients?: readonly string[]
  /** Where the identity provider is reached, when that is not the issuer's own name (containers). @default issuer */
  readonly identityUrl?: string
  /** Scope that gives the service's own token the PDP's audience. @default 'pdp' */
  readonly pdpScope?: string
  /**
   * Parameters of the request for the service's own token, such as `{ audience }` at Auth0 or `{ scope: 'api://pdp/.default' }` at Entra.
   * @default { scope: pdpScope }
   */
  readonly pdpTokenRequest?: Readonly<Record<string, string>>
  /** Largest PDP answer that is read, in bytes. @default 1 MiB */
  readonly maxAnswerBytes?: number
  /** Gets faults, never denials or tokens; a pino logger fits. @default lines of JSON on standard error */
  readonly logger?: PepLogger
  /** `true` refuses agents and service accounts with 403 `in_person_only`. @default false */
  readonly inPersonOnly?: boolean
  /** How to meet a permit's obligations, by their `id`. A permit with any other is a denial. @default none */
  readonly obligations?: ObligationHandlers
  /** Host names that may be called in plain HTTP though they are not on loopback: on a network that only the two share. @default none */
  readonly plainHttpHosts?: readonly string[]
  /** For https to the PDP and the identity provider: an authority of one's own, and a certificate to show (mTLS). */
  readonly tls?: ClientTls
  /** Another way to ask a PDP than AuthZEN over HTTP. */
  readonly decider?: Decider
  /** What challenges of a 401 say beside the realm. */
  readonly challenge?: Omit<Challenge, 'realm'>
  /** Called with every decision, for metrics: no event names a person, a token or a resource. @default none */
  readonly onDecision?: DecisionHook
  /**
   * A tracer of OpenTelemetry: each question to the PDP becomes a span below the service's active span. Spans hold decisions, reason codes and evaluation
   * ids. @default none: the request's `traceparent` is sent on as it came
   */
  readonly tracer?: PepTracer
}

/** Compared exactly, a slash at its end included. */
const identifier = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .refine((url) => !/[?#]/u.test(url), 'must have no query or fragment')
const httpUrl = identifier.refine((url) => !url.endsWith('/'), 'must have no trailing slash')

const isFunction = (value: unknown) => typeof value === 'function'
const readable = <T>(schema: z.ZodType<T>): z.ZodType<Readable<T>> =>
  z.union([schema, z.custom<() => T | Promise<T>>(isFunction, 'must be a value or a function that reads it')])
const clientKeySchema = z.strictObject({
  pem: z.string().includes('PRIVATE KEY', { error: 'must be PKCS #8 in PEM' }),
  kid: z.string().min(1).optional(),
  alg: z.enum(['RS256', 'ES256', 'EdDSA']).optional(),
}) as z.ZodType<ClientKey>
const clientId = z.string().min(1)
const account = { clientId, tokenEndpoint: httpUrl.optional() }
const accountSchema = z.union([
  z.strictObject({
    ...account,
    clientSecret: readable(z.union([z.string().min(1), z.array(z.string().min(1)).min(1).readonly()])),
    method: z.enum(['client_secret_basic', 'client_secret_post']).optional(),
  }),
  z.strictObject({
    ...account,
    privateKey: readable(clientKeySchema),
    assertionAudience: z.string().min(1).optional(),
  }),
])
const credentialsSchema = z.union([accountSchema, z.strictObject({ apiKey: readable(z.string().min(1)) })])
const tlsSchema = z
  .strictObject({
    ca: z.string().min(1).optional(),
    cert: z.string().min(1).optional(),
    key: z.string().min(1).optional(),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'cert and key go together')

export const isLogger = (value: unknown) =>
  typeof value === 'object' && value !== null && 'warn' in value && 'error' in value
const isDecider = (value: unknown) =>
  typeof value === 'object' && value !== null && 'decide' in value && 'decideEach' in value && 'close' in value
const isTracer = (value: unknown) =>
  typeof value === 'object' && value !== null && 'startSpan' in value && isFunction(value.startSpan)

const pepShape = z.strictObject({
  issuer: identifier,
  audience: z.string().regex(/^[\x21-\x7e]+$/u, 'must be printable ASCII without spaces'),
  provider: providerSchema.prefault({}),
  pdpUrl: z.union([httpUrl, z.array(httpUrl).min(1, 'must name a PDP').readonly()]),
  credentials: credentialsSchema,
  timeoutMs: z.int().min(1).max(10_000).default(1_500),
  interactiveClients: z.array(z.string().min(1)).default(['desktop']),
  identityUrl: httpUrl.optional(),
  pdpScope: z.string().min(1).default('pdp'),
  pdpTokenRequest: z.record(z.string(), z.string()).optional(),
  maxAnswerBytes: z.int().min(1_024).default(1_048_576),
  inPersonOnly: z.boolean().default(false),
  obligations: z.record(z.string(), z.custom<ObligationHandlers[string]>(isFunction, 'must be a function')).default({}),
  plainHttpHosts: z.array(z.string().min(1)).default([]),
  tls: z.union([z.instanceof(ReplaceableTls), tlsSchema]).optional(),
  logger: z.custom<PepLogger>(isLogger, 'must have warn() and error()').default(stderrLogger),
  decider: z.custom<Decider>(isDecider, 'must be a Decider').optional(),
  challenge: z
    .strictObject({
      scope: z
        .string()
        .regex(/^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/u, 'must be scopes separated by spaces')
        .optional(),
      resourceMetadata: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
    })
    .default({}),
  onDecision: z.custom<DecisionHook>(isFunction, 'must be a function').optional(),
  tracer: z.custom<PepTracer>(isTracer, 'must have startSpan(), as a tracer of @opentelemetry/api has').optional(),
})

interface Called {
  readonly issuer: string
  readonly identityUrl?: string | undefined
  readonly pdpUrl?: string | readonly string[]
  readonly plainHttpHosts: readonly string[]
}

/** Tokens and keys must not be sent in plain HTTP over a network. */
const calledOverTls = <T extends Called>(options: T, context: z.core.$RefinementCtx<T>): void => {
  for (const name of ['issuer', 'identityUrl', 'pdpUrl'] as const) {
    for (const url of [options[name] ?? []].flat()) {
      const message = plainHttpObjection(url, options.plainHttpHosts)
      if (message) context.addIssue({ code: 'custom', path: [name], message })
    }
  }
}

const pepOptionsSchema = pepShape.superRefine(calledOverTls)
export type CheckedPepOptions = z.output<typeof pepOptionsSchema>

/** @throws TypeError naming every bad field. */
export function checkPepOptions(options: PepOptions): CheckedPepOptions {
  return checkOptions('createPep', pepOptionsSchema, options)
}

/** Options of {@link createPdpAdmin}: those of the PEP that concern the way to the PDP. */
export interface PdpAdminOptions
  extends Pick<
    PepOptions,
    | 'issuer'
    | 'provider'
    | 'pdpUrl'
    | 'credentials'
    | 'timeoutMs'
    | 'identityUrl'
    | 'pdpScope'
    | 'pdpTokenRequest'
    | 'maxAnswerBytes'
    | 'plainHttpHosts'
    | 'tls'
  > {}

const pdpAdminOptionsSchema = pepShape
  .pick({
    issuer: true,
    provider: true,
    pdpUrl: true,
    credentials: true,
    timeoutMs: true,
    identityUrl: true,
    pdpScope: true,
    pdpTokenRequest: true,
    maxAnswerBytes: true,
    plainHttpHosts: true,
    tls: true,
  })
  .superRefine(calledOverTls)
export type CheckedPdpAdminOptions = z.output<typeof pdpAdminOptionsSchema>

/** @throws TypeError naming every bad field. */
export function checkPdpAdminOptions(options: PdpAdminOptions): CheckedPdpAdminOptions {
  return checkOptions('createPdpAdmin', pdpAdminOptionsSchema, options)
}

/** Options of {@link createServiceTokens}: the token endpoint and the account to use there. */
export interface ServiceTokensOptions
  extends Pick<PepOptions, 'issuer' | 'provider' | 'timeoutMs' | 'identityUrl' | 'plainHttpHosts' | 'tls'> {
  /** The account that asks for tokens: by secret or by key. */
  readonly credentials: SecretCredentials | KeyCredentials
}

const serviceTokensOptionsSchema = pepShape
  .pick({ issuer: true, provider: true, timeoutMs: true, identityUrl: true, plainHttpHosts: true, tls: true })
  .extend({ credentials: accountSchema })
  .superRefine(calledOverTls)

/** @throws TypeError naming every bad field. */
export function checkServiceTokensOptions(options: ServiceTokensOptions): z.output<typeof serviceTokensOptionsSchema> {
  return checkOptions('createServiceTokens', serviceTokensOptionsSchema, options)
}

export function checkOptions<S extends z.ZodType>(name: string, schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new TypeError(`${name}: ${z.prettifyError(parsed.error)}`)
}
