/**
 * What a service says about itself to get an enforcement point: checked whole, once.
 *
 * @module
 */
import { nameSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { Decider } from './decider.ts'
import { splitIssuer } from './keycloak.ts'
import type { PepLogger } from './problem.ts'

/** The service's own account at the identity provider. */
export interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
}

export interface PepOptions {
  /** The only issuer whose tokens count, byte for byte: `<base>/realms/<realm>`. */
  readonly issuer: string
  /** This service's audience. A token must have exactly this one. */
  readonly audience: string
  /** Base URL of the PDP, without `/access/v1`. */
  readonly pdpUrl: string
  readonly credentials: Credentials
  /** Time for one decision, in milliseconds, token and retry included; on expiry the answer is 503. @default 1500 */
  readonly timeoutMs?: number
  /** Clients at which a person acts in person (rule A7). Every other client that brings a person's token is an actor. @default ['desktop'] */
  readonly interactiveClients?: readonly string[]
  /** Where the identity provider is reached, when that is not the issuer's own name (containers). @default issuer */
  readonly identityUrl?: string
  /** Scope that gives the service's own token the PDP's audience. @default 'pdp' */
  readonly pdpScope?: string
  /** Largest PDP answer that is read, in bytes. @default 1 MiB */
  readonly maxAnswerBytes?: number
  /** Gets faults, never denials or tokens; a pino logger fits. */
  readonly logger?: PepLogger
  /** Another way to ask a PDP than AuthZEN over HTTP. */
  readonly decider?: Decider
}

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .refine((url) => !/[?#]|\/$/u.test(url), 'must have no query, fragment or trailing slash')

const credentialsSchema = z.strictObject({ clientId: z.string().min(1), clientSecret: z.string().min(1) })

const isLogger = (value: unknown) => typeof value === 'object' && value !== null && 'warn' in value && 'error' in value
const isDecider = (value: unknown) =>
  typeof value === 'object' && value !== null && 'decide' in value && 'decideEach' in value && 'close' in value

const pepOptionsSchema = z.strictObject({
  issuer: httpUrl.refine((url) => splitIssuer(url) !== undefined, 'must be <base>/realms/<realm>'),
  audience: z.string().regex(/^[\w.-]+$/u, 'must be a client id'),
  pdpUrl: httpUrl,
  credentials: credentialsSchema,
  timeoutMs: z.int().min(1).max(10_000).default(1_500),
  interactiveClients: z.array(z.string().min(1)).default(['desktop']),
  identityUrl: httpUrl.optional(),
  pdpScope: z.string().min(1).default('pdp'),
  maxAnswerBytes: z.int().min(1_024).default(1_048_576),
  logger: z.custom<PepLogger>(isLogger, 'must have warn() and error()').optional(),
  decider: z.custom<Decider>(isDecider, 'must be a Decider').optional(),
})
export type CheckedPepOptions = z.output<typeof pepOptionsSchema>

/** @throws TypeError naming every bad field. */
export function checkPepOptions(options: PepOptions): CheckedPepOptions {
  return checkOptions('createPep', pepOptionsSchema, options)
}

export interface PdpAdminOptions
  extends Pick<
    PepOptions,
    'issuer' | 'pdpUrl' | 'credentials' | 'timeoutMs' | 'identityUrl' | 'pdpScope' | 'maxAnswerBytes'
  > {}

const pdpAdminOptionsSchema = pepOptionsSchema.pick({
  issuer: true,
  pdpUrl: true,
  credentials: true,
  timeoutMs: true,
  identityUrl: true,
  pdpScope: true,
  maxAnswerBytes: true,
})
export type CheckedPdpAdminOptions = z.output<typeof pdpAdminOptionsSchema>

/** @throws TypeError naming every bad field. */
export function checkPdpAdminOptions(options: PdpAdminOptions): CheckedPdpAdminOptions {
  return checkOptions('createPdpAdmin', pdpAdminOptionsSchema, options)
}

const requestFunction = z.custom((value) => typeof value === 'function', 'must be a function of the request')
const guardOptions = { action: nameSchema, persona: requestFunction.optional() }
const enforceSchema = z.strictObject({
  ...guardOptions,
  resource: requestFunction,
  onDenial: requestFunction.optional(),
})
const enforceEachSchema = z.strictObject({ ...guardOptions, resources: requestFunction })
const reasonSchema = z.string().trim().min(8, 'must say why nothing needs to be decided')

/** @throws TypeError naming every bad field. */
export function checkEnforceOptions(options: object): void {
  checkOptions('enforce', enforceSchema, options)
}

/** @throws TypeError naming every bad field. */
export function checkEnforceEachOptions(name: 'enforceEach' | 'dryRun', options: object): void {
  checkOptions(name, enforceEachSchema, options)
}

/** @throws TypeError when the reason says nothing. */
export function checkOpenReason(why: string): void {
  checkOptions('open', reasonSchema, why)
}

function checkOptions<S extends z.ZodType>(name: string, schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new TypeError(`${name}: ${z.prettifyError(parsed.error)}`)
}
