/**
 * An entry of the decision log: what was asked, answered, changed or refused, by pseudonym only. Written once, never altered; its canonical
 * bytes ({@link canonical}) are a leaf of the tree.
 *
 * @module
 */
import { z } from 'zod'
import { linkSchema, reasonSchema } from './decision.ts'
import { instantSchema, ulidSchema } from './id.ts'

/** What an entry records. */
export const ENTRY_KINDS = [
  'evaluation',
  'search',
  'grant_issued',
  'grant_revoked',
  'grant_previewed',
  'grants_swept',
  'persona_created',
  'persona_changed',
  'agent_registered',
  'agent_changed',
  'resource_registered',
  'resource_removed',
  'resource_transferred',
  'invitation_changed',
  'refused',
  'fault',
  'log_read',
  'policy_loaded',
  'facts_changed',
  'session_ended',
  'key_changed',
  'clock_accepted',
  'person_erased',
  'erasure_acknowledged',
  'legal_hold_changed',
  'answer_replayed',
] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]

/** `type:id`. People by pseudonym: `user:p_…`; agents by their client id: `agent:booking-agent`. */
const party = z.string().regex(/^(user|agent|service):[^\p{Cc}]+$/u)

export const entrySchema = z.strictObject({
  /** Format version of the entry. */
  v: z.literal(1),
  id: ulidSchema,
  at: instantSchema,
  /**
   * Of a decision: at which instant it was decided, and how many entries the log had then. What those say had ended was not used; what ended
   * later may stand before this entry, since a decision is recorded after it was made.
   */
  as_of: z.strictObject({ at: instantSchema, position: z.int().min(0) }).optional(),
  kind: z.enum(ENTRY_KINDS),
  /** Whose authority was used or asked about. */
  subject: party.optional(),
  /** Who acted, when that was not the subject. */
  actor: party.optional(),
  /** The authenticated client of the PDP, and for whom it spoke. */
  caller: party.optional(),
  /** `title/circle` that the request acted in. */
  persona: z.string().optional(),
  action: z.string().optional(),
  /** `type:id`; an id of a type that is not declared opaque stands as a salted commitment (`type:~…`). */
  resource: z.string().optional(),
  /** The resource's topmost ancestor, `type:id`, when it has one: so that all under a workflow can be found. */
  root: z.string().optional(),
  owner: party.optional(),
  decision: z.boolean().optional(),
  /** Primary first. No free text: codes, gates and numbers. */
  reasons: z
    .array(reasonSchema.omit({ code_user: true, reason_user: true, reason_admin: true, cure: true }))
    .optional(),
  chain: z.array(linkSchema).optional(),
  /** Of a denial: the chain of the grant that the reason names, where it once reached the resource. Conferred nothing. */
  broken: z.array(linkSchema).optional(),
  /** The declared attributes that the gates looked at, as coerced. */
  attributes: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).optional(),
  /** A changed grant, persona, agent: its id, and what changed. */
  target: z.string().optional(),
  change: z.record(z.string(), z.unknown()).optional(),
  /** Problem code of a refusal or fault, and its HTTP status. */
  code: z.string().optional(),
  status: z.int().optional(),
  model: z.string().optional(),
  /** `domain@hash`. */
  policy: z.string().optional(),
  /** OpenFGA consistency preference used. */
  consistency: z.string().optional(),
  /** Questions put to OpenFGA one after another (parallel ones count once). */
  round_trips: z.int().optional(),
  request_id: z.string().optional(),
  /** W3C trace id. */
  trace: z.string().optional(),
  /** 128 random bits of a question's entry: its leaf hash is public, and must not confirm a guess of what a reader is not shown. */
  salt: z.string().optional(),
  /** Milliseconds from the request's arrival to the decision, three decimals. */
  latency_ms: z.number().optional(),
})
export type Entry = z.infer<typeof entrySchema>

/** The longest canonical entry, in bytes: a tlog-tiles entry bundle counts it in 16 bits. */
export const MAX_ENTRY_BYTES = 65_535
