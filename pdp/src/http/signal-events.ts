/**
 * Security events (SETs, RFC 8417) as the receiver understands them: CAEP 1.0, RISC 1.0, and those about the stream itself (SSF 1.0). Pure.
 *
 * @module
 */
import { z } from 'zod'
import type { CredentialChange } from './signal-transmitters.ts'

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/'
const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/'

/** Events that the receiver carries out, by their URI, and their names in metrics and log. All others are accepted and ignored. */
const EVENTS = {
  [`${CAEP}session-revoked`]: 'session-revoked',
  [`${CAEP}credential-change`]: 'credential-change',
  [`${RISC}account-disabled`]: 'account-disabled',
  [`${RISC}account-purged`]: 'account-purged',
  [`${RISC}account-enabled`]: 'account-enabled',
  [`${SSF}verification`]: 'verification',
  [`${SSF}stream-updated`]: 'stream-updated',
} as const
/** Name of an event; `other` for one that is ignored. */
export type SignalName = (typeof EVENTS)[keyof typeof EVENTS] | 'other'

/** What an event is carried out as. `sub`: a person of `PDP_ISSUER`. */
export type SignalEffect =
  | { readonly kind: 'end_session'; readonly sid: string; readonly sub: string | undefined }
  | { readonly kind: 'end_all' | 'disable' | 'enable'; readonly sub: string }
  | { readonly kind: 'note'; readonly status?: string }
  | { readonly kind: 'nothing' }

/** One event of a SET. */
export interface Signal {
  readonly name: SignalName
  /** When the event occurred, in whole seconds since 1970. */
  readonly at: number
  readonly effect: SignalEffect
}

/** The SET is refused with `invalid_request` (RFC 8935, section 2.4). The message is for the transmitter; it holds no value of the SET. */
export class SignalRefused extends Error {
  override readonly name = 'SignalRefused'
}

/** OpenID Connect Core 1.0, section 2: a `sub` has at most 255 characters. */
const idSchema = z.string().min(1).max(255)
const issSubSchema = z.looseObject({ format: z.literal('iss_sub'), iss: z.string(), sub: idSchema })
const opaqueSchema = z.looseObject({ format: z.literal('opaque'), id: idSchema })
/** Subject identifiers of RFC 9493. Formats that name no one this PDP knows parse as themselves, and are refused where a person is needed. */
const simpleSchema = z.union([issSubSchema, opaqueSchema, z.looseObject({ format: z.string() })])
const complexSchema = z.looseObject({
  format: z.literal('complex'),
  user: simpleSchema.optional(),
  session: simpleSchema.optional(),
})
const subjectSchema = z.union([complexSchema, simpleSchema])

/** Claims of a SET of SSF 1.0: no `exp` and no `sub`, which other kinds of tokens have. */
const claimsSchema = z.looseObject({
  jti: z.string().min(1).max(255),
  iat: z.int().min(0),
  toe: z.int().min(0).optional(),
  exp: z.undefined().optional(),
  sub: z.undefined().optional(),
  sub_id: subjectSchema.optional(),
  events: z
    .record(z.string(), z.looseObject({}))
    .refine((events) => Object.keys(events).length > 0 && Object.keys(events).length <= 16),
})
const eventSchema = z.looseObject({
  event_timestamp: z.number().min(0).optional(),
  change_type: z.string().optional(),
  status: z.enum(['enabled', 'paused', 'disabled']).optional(),
})

type Subject = z.infer<typeof subjectSchema>

/** What the reading of events depends on. */
export interface SignalRules {
  /** Issuer of the people that the PDP knows. */
  readonly peopleOf: string
  readonly credentialChange: readonly CredentialChange[]
}

/** A verified SET. */
export interface ReadSet {
  readonly jti: string
  /** In seconds since 1970. */
  readonly iat: number
  readonly signals: readonly Signal[]
}

/** Reads the claims of a verified SET. @throws SignalRefused for a malformed one, and for one about a person who cannot be told from it. */
export function readSet(claims: unknown, rules: SignalRules): ReadSet {
  const parsed = claimsSchema.safeParse(claims)
  if (!parsed.success) {
    const [member = 'The SET'] = parsed.error.issues[0]?.path ?? []
    throw new SignalRefused(`${String(member)}: is missing, malformed, or must not be present.`)
  }
  const { jti, iat, toe, sub_id: subject, events } = parsed.data
  const signals = Object.entries(events).map(([uri, body]) => {
    const event = eventSchema.safeParse(body)
    const name = Object.hasOwn(EVENTS, uri) ? EVENTS[uri as keyof typeof EVENTS] : 'other'
    if (name === 'other') return { name, at: iat, effect: { kind: 'nothing' } } as const
    if (!event.success) throw new SignalRefused(`events: ${name} is malformed.`)
    const at = Math.floor(event.data.event_timestamp ?? toe ?? iat)
    if (at > iat) throw new SignalRefused('event_timestamp: is after iat.')
    return { name, at, effect: effectOf(name, event.data, subject, rules) }
  })
  return { jti, iat, signals }
}

function effectOf(
  name: Exclude<SignalName, 'other'>,
  { change_type: change, status }: z.infer<typeof eventSchema>,
  subject: Subject | undefined,
  rules: SignalRules,
): SignalEffect {
  if (name === 'verification') return { kind: 'note' }
  if (name === 'stream-updated') return { kind: 'note', ...(status ? { status } : {}) }
  if (name === 'session-revoked') return revokedSession(subject, rules)
  const sub = personOf(subject, rules)
  if (name === 'account-enabled') return { kind: 'enable', sub }
  if (name !== 'credential-change') return { kind: 'disable', sub }
  return rules.credentialChange.some((type) => type === change) ? { kind: 'end_all', sub } : { kind: 'nothing' }
}

/**
 * A `session` member, and a simple subject of format `opaque`, are a session (CAEP 1.0, section 3.1.2). Without a session all of a person's end: also where
 * further members, such as a device, would narrow the subject, since the PDP does not know them.
 */
function revokedSession(subject: Subject | undefined, rules: SignalRules): SignalEffect {
  const { session, user } = membersOf(subject)
  if (session === undefined) return { kind: 'end_all', sub: personOf(subject, rules) }
  const opaque = opaqueSchema.safeParse(session)
  if (!opaque.success) throw unusable()
  return { kind: 'end_session', sid: opaque.data.id, sub: user === undefined ? undefined : personOf(subject, rules) }
}

/** The members of a complex subject. A simple subject is a session where it is opaque, else a user. */
function membersOf(subject: Subject | undefined): { readonly session?: unknown; readonly user?: unknown } {
  const complex = complexSchema.safeParse(subject)
  if (complex.success) return complex.data
  return subject?.format === 'opaque' ? { session: subject } : { user: subject }
}

/** The `sub` of a person. @throws SignalRefused for formats such as `email`, which the PDP cannot map to a person, and for people of other issuers. */
function personOf(subject: Subject | undefined, { peopleOf }: SignalRules): string {
  const complex = complexSchema.safeParse(subject)
  const user: unknown = complex.success ? complex.data.user : subject
  const byIssuer = issSubSchema.safeParse(user)
  if (byIssuer.success && byIssuer.data.iss === peopleOf) return byIssuer.data.sub
  const opaque = opaqueSchema.safeParse(user)
  if (opaque.success) return opaque.data.id
  throw unusable()
}

const unusable = (): SignalRefused =>
  new SignalRefused('sub_id: must name a person by iss_sub of this PDP’s issuer or by opaque, or a session by opaque.')
