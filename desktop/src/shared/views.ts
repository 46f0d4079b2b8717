/**
 * Schemas of what crosses the channel to the window: people, trips, runs and decisions. No tokens, secrets or e-mail addresses; names are those that
 * the person typed.
 *
 * @module
 */
import { idSchema, instantSchema, linkSchema, loggedEntrySchema, reasonSchema, ulidSchema } from '@mandate/protocol'
import { z } from 'zod'

/** Why an operation failed. `code` is stable: a problem code of a service, a sign-in error, or one of {@link LOCAL_PROBLEMS}. */
export const problemViewSchema = z.object({
  code: z.string(),
  title: z.string(),
  /** What is wrong with the input. */
  detail: z.string().optional(),
  /** The input member that is wrong. */
  field: z.string().optional(),
  /** Seconds to wait before the next try. */
  retryAfter: z.number().optional(),
  /** What would change the result, as the service says. */
  cure: z.string().optional(),
})
export type ProblemView = z.infer<typeof problemViewSchema>

/**
 * Problems of the app itself. `offline`: no response from the service. `signed_out`: no session. `keystore_unavailable`: no safe keystore. `bad_call`: not
 * a valid call of the channel. `unreadable_answer`: the response does not match its schema. `failed`: an unexpected error.
 */
export const LOCAL_PROBLEMS = [
  'offline',
  'signed_out',
  'keystore_unavailable',
  'bad_call',
  'unreadable_answer',
  'failed',
] as const

export const sessionViewSchema = z.discriminatedUnion('state', [
  /** `why`: how the last session ended. */
  z.object({ state: z.literal('signed_out'), why: z.enum(['ended', 'signed_out', 'forgotten']).optional() }),
  z.object({ state: z.literal('signing_in') }),
  z.object({
    state: z.literal('signed_in'),
    /** `user:<sub>`. */
    subject: z.string(),
    /** `title/circle` of the persona that requests are made in. */
    persona: z.string().optional(),
    online: z.boolean(),
    /** `memory`: the session ends with the app, since there is no safe keystore. */
    keptIn: z.enum(['keystore', 'memory']),
  }),
])
export type SessionView = z.infer<typeof sessionViewSchema>

/** A person whom the signed-in person named. Stored encrypted, on this machine only. */
export const contactSchema = z.object({
  /** `user:<sub>`. */
  party: z.string().regex(/^user:./u),
  name: z.string().trim().min(1).max(80),
  /** A free note. */
  note: z.string().max(400).default(''),
})
export type Contact = z.infer<typeof contactSchema>

/** A contact as it is listed. Names from before the present rules are escaped (`contact-name.ts`), and may be longer than {@link contactSchema} allows. */
export const listedContactSchema = contactSchema.extend({
  name: z.string().min(1),
  note: z.string(),
  /** The name is that of the app's settings: the person gave none of their own. */
  bySettings: z.literal(true).optional(),
})
export type ListedContact = z.infer<typeof listedContactSchema>

export const moneySchema = z.object({ amount: z.number(), currency: z.string() })

const decidedSchema = z.object({
  decision: z.boolean(),
  reason: z.string().optional(),
  reasons: z.array(reasonSchema).default([]),
  chain: z.array(linkSchema).default([]),
  evaluation_id: z.string().optional(),
})
export type Decided = z.infer<typeof decidedSchema>

const attemptSchema = decidedSchema.extend({
  at: instantSchema,
  subject: z.string(),
  actor: z.string().optional(),
  effect: z.string(),
})

export const itemSchema = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(['planned', 'booked', 'rebooked']),
  planned_price: moneySchema,
  starts_at: instantSchema,
  risk: z.number(),
  version: z.int(),
  last_attempt: attemptSchema.optional(),
})
export type Item = z.infer<typeof itemSchema>

export const tripSummarySchema = z.object({
  id: z.string(),
  template: z.string(),
  owner: z.string(),
  owner_persona: z.string().optional(),
  created_at: instantSchema,
  version: z.int(),
})
export type TripSummary = z.infer<typeof tripSummarySchema>
export const tripSchema = tripSummarySchema.extend({ items: z.array(itemSchema) })
export type Trip = z.infer<typeof tripSchema>

export const templateSchema = z.object({
  id: z.string(),
  title: z.string(),
  departs_in_days: z.number(),
  items: z.array(z.object({ name: z.string(), planned_price: moneySchema, risk: z.number() })),
})
export type Template = z.infer<typeof templateSchema>

/** Result of one item that was executed, or tried without executing, in person. */
export const itemOutcomeSchema = decidedSchema.extend({
  item: z.string(),
  name: z.string().optional(),
  status: z.string().optional(),
  effect: z.string().optional(),
  undecided: z.boolean().optional(),
})
export type ItemOutcome = z.infer<typeof itemOutcomeSchema>

const runItemSchema = decidedSchema.partial().extend({
  item: z.string(),
  name: z.string().optional(),
  status: z.enum(['waiting', 'booked', 'rebooked', 'unchanged', 'denied', 'failed', 'checked']),
  failure: z.string().optional(),
  precheck: decidedSchema.optional(),
})

/** A run of an agent; always the complete state. */
export const runSchema = z.object({
  id: z.string(),
  /** Id of the agent, from the configuration. */
  agent: z.string(),
  workflow: z.string(),
  status: z.enum(['running', 'done', 'denied', 'failed', 'stopped', 'interrupted']),
  dry_run: z.boolean(),
  subject: z.string(),
  persona: z.string().optional(),
  started_at: instantSchema,
  ended_at: instantSchema.optional(),
  denial: decidedSchema.optional(),
  failure: z.string().optional(),
  items: z.array(runItemSchema),
})
export type Run = z.infer<typeof runSchema>

/**
 * Entries of the decision log that the person may read. Unknown members are kept, since the proof covers the whole entry. People are pseudonyms.
 */
export const activityPageSchema = z.object({
  entries: z.array(loggedEntrySchema),
  total: z.int(),
  next_cursor: z.string().optional(),
  /** The person's own pseudonym in the entries, `user:<pseudonym>`; absent while unknown. */
  me: z.string().optional(),
})
export type ActivityPage = z.infer<typeof activityPageSchema>

/** What the window needs to verify that an entry is in the log. */
export const proofSchema = z.object({
  /** The entry as received, JSON text. */
  entry: z.string(),
  /** C2SP tlog-proof. */
  proof: z.string(),
  /** Configured verifier keys; empty: the signature of the checkpoint cannot be checked. */
  keys: z.array(z.string()),
})
export type Proof = z.infer<typeof proofSchema>

export const agentSchema = z.object({
  id: idSchema,
  title: z.string(),
  /** Whether this app can ask it to run a trip. */
  runsTrips: z.boolean(),
})
export type AgentView = z.infer<typeof agentSchema>

/** What this app was set up with; shown in Account, and what the grant dialog offers. */
export const setupSchema = z.object({
  version: z.string(),
  issuer: z.string(),
  services: z.record(z.string(), z.string()),
  agents: z.array(agentSchema),
  /** `browser`: development only; there is no keystore and no system dialog. */
  host: z.enum(['electron', 'browser']),
  /** Whether there is one to be opened. */
  hasSecurityPolicy: z.boolean(),
})
export type Setup = z.infer<typeof setupSchema>

export const erasedSchema = z.object({
  id: ulidSchema,
  ended: z.object({ grants: z.int(), personas: z.int() }),
  remains: z.array(z.object({ where: z.string(), what: z.string(), how: z.string() })),
})
export type Erased = z.infer<typeof erasedSchema>
