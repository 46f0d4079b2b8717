/**
 * Schema of a decision log entry: one request, decision, change or refusal, with people by pseudonym only. Entries are append-only; the canonical
 * JSON bytes of an entry ({@link canonical}) are a leaf of the log's Merkle tree. `docs/log-format.md` has the format.
 *
 * @module
 */
import { z } from 'zod'
import { linkSchema, reasonSchema } from './decision.ts'
import { instantSchema, ulidSchema } from './id.ts'

/** Kinds of entries: which event an entry records. */
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
  'account_enabled',
  'key_changed',
  'clock_accepted',
  'person_erased',
  'erasure_acknowledged',
  'legal_hold_changed',
  'answer_replayed',
  'lookup_changed',
] as const
/** One of {@link ENTRY_KINDS}. */
export type EntryKind = (typeof ENTRY_KINDS)[number]

/** `type:id`. People by pseudonym: `user:p_…`; agents by their client id: `agent:booking-agent`. */
export const ENTRY_PARTY_PATTERN = /^(user|agent|service):[^\p{Cc}]+$/u
const party = z.string().regex(ENTRY_PARTY_PATTERN)

/** A decision log entry. Which optional members are present depends on `kind`. */
export const entrySchema = z.strictObject({
  /** Format version of the entry. */
  v: z.literal(1),
  id: ulidSchema,
  at: instantSchema,
  /**
   * Of a decision: when it was made, and the number of entries in the log at that time. The decision used no grant that those entries say had
   * ended. A grant that ended later may have its entry before this one, since a decision is logged after it is made.
   */
  as_of: z.strictObject({ at: instantSchema, position: z.int().min(0) }).optional(),
  kind: z.enum(ENTRY_KINDS),
  /** Whose authority was used or asked about. */
  subject: party.optional(),
  /** Who acted, when it was not the subject. */
  actor: party.optional(),
  /** The authenticated client of the PDP. */
  caller: party.optional(),
  /** `title/circle` that the request acted in. */
  persona: z.string().optional(),
  action: z.string().optional(),
  /** `type:id`. The id of a type that is not declared opaque is replaced by a salted commitment (`type:~…`). */
  resource: z.string().optional(),
  /** The resource's topmost ancestor, `type:id`, if any. Lets a query find everything under a workflow. */
  root: z.string().optional(),
  owner: party.optional(),
  decision: z.boolean().optional(),
  /** Primary reason first. Codes, gates and numbers only: no free text. */
  reasons: z
    .array(reasonSchema.omit({ code_user: true, reason_user: true, reason_admin: true, cure: true }))
    .optional(),
  chain: z.array(linkSchema).optional(),
  /** In a denial: the chain of the grant that the reason names, if that chain once reached the resource. It conferred nothing. */
  broken: z.array(linkSchema).optional(),
  /** The declared attributes that the gates compared, after type coercion. */
  attributes: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).optional(),
  /** Id of the grant, persona or agent that changed. */
  target: z.string().optional(),
  /** What changed in `target`. */
  change: z.record(z.string(), z.unknown()).optional(),
  /** Problem code of a refusal or fault. */
  code: z.string().optional(),
  /** HTTP status of a refusal or fault. */
  status: z.int().optional(),
  /** Id of the OpenFGA authorization model. */
  model: z.string().optional(),
  /** Version of the policy pack, `domain@hash`. */
  policy: z.string().optional(),
  /** Consistency preference of the OpenFGA queries. */
  consistency: z.string().optional(),
  /** Number of sequential OpenFGA queries; parallel queries count once. */
  round_trips: z.int().optional(),
  request_id: z.string().optional(),
  /** W3C trace id. */
  trace: z.string().optional(),
  /** 128 random bits, base64url. The leaf hash of an entry is public: without a salt it would confirm guesses of redacted members. */
  salt: z.string().optional(),
  /** Milliseconds from the arrival of the request to the decision, three decimals. */
  latency_ms: z.number().optional(),
})
/** A parsed {@link entrySchema}. */
export type Entry = z.infer<typeof entrySchema>

/** Maximum size of a canonical entry, in bytes: a tlog-tiles entry bundle has 16-bit lengths. */
export const MAX_ENTRY_BYTES = 65_535
