/**
 * The one channel between the window and the main process: every operation with its input and answer, and every event. Both sides check both ways; what is
 * not listed here cannot be said.
 *
 * @module
 */
import {
  autonomySchema,
  decisionQuerySchema,
  domainListSchema,
  grantPreviewSchema,
  grantQuerySchema,
  grantRequestSchema,
  grantSchema,
  instantSchema,
  invitationRequestSchema,
  invitationSchema,
  loggedEntrySchema,
  pathIdSchema,
  personaNameSchema,
  personaRequestSchema,
  personaSchema,
  replaySchema,
  ulidSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import {
  activityPageSchema,
  contactSchema,
  erasedSchema,
  itemOutcomeSchema,
  itemSchema,
  problemViewSchema,
  proofSchema,
  runSchema,
  sessionViewSchema,
  setupSchema,
  templateSchema,
  tripSchema,
  tripSummarySchema,
} from './views.ts'

const nothing = z.undefined()
const id = z.strictObject({ id: pathIdSchema })
const cursor = z.string().min(1).max(4_096)
const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next_cursor: z.string().optional() })
/** As it is typed: `z.input`, since the service applies the defaults. */
const asSent = <T extends z.ZodType>(schema: T) => z.custom<z.input<T>>((value) => schema.safeParse(value).success)
const saved = z.object({ saved: z.boolean(), /** The file's name, without its folder. */ name: z.string().optional() })

/** By name: `<thing>.<what is done>`. */
export const OPERATIONS = {
  'app.setup': { input: nothing, output: setupSchema },
  /** Opens one of the addresses that are allowed to be opened, in the system's browser. */
  'app.open': { input: z.strictObject({ what: z.literal('security-policy') }), output: nothing },

  'session.read': { input: nothing, output: sessionViewSchema },
  /** Answers when the person is signed in, or the sign-in has ended otherwise. `memory`: without a safe keystore, knowingly. */
  'session.signIn': {
    input: z.strictObject({ memory: z.boolean().default(false) }).optional(),
    output: sessionViewSchema,
  },
  'session.cancelSignIn': { input: nothing, output: nothing },
  'session.signOut': { input: nothing, output: sessionViewSchema },

  // Written out where they were kept before such names were refused, so longer.
  'contacts.list': {
    input: nothing,
    output: listOf(contactSchema.extend({ name: z.string().min(1), note: z.string() })),
  },
  'contacts.save': { input: contactSchema.strict(), output: contactSchema },
  'contacts.remove': { input: z.strictObject({ party: z.string() }), output: nothing },

  /** The domains in force: titles, actions, limits, units and texts of reasons. */
  'domains.list': { input: nothing, output: domainListSchema },

  'personas.list': { input: nothing, output: listOf(personaSchema) },
  'personas.create': { input: asSent(personaRequestSchema), output: personaSchema },
  /** In which one everything is done from now on. */
  'personas.choose': { input: z.strictObject({ persona: personaNameSchema }), output: sessionViewSchema },
  /** `null` takes the settings away. */
  'personas.setAutonomy': {
    input: z.strictObject({ id: pathIdSchema, autonomy: asSent(autonomySchema).nullable() }),
    output: personaSchema,
  },
  /** Rests it, takes it up again, or gives it back for good. */
  'personas.setStatus': {
    input: z.strictObject({ id: pathIdSchema, status: z.enum(['active', 'inactive', 'revoked']) }),
    output: personaSchema,
  },

  'trips.templates': { input: nothing, output: listOf(templateSchema) },
  'trips.list': { input: z.strictObject({ cursor: cursor.optional() }).optional(), output: listOf(tripSummarySchema) },
  'trips.read': { input: id, output: tripSchema },
  'trips.create': {
    input: z.strictObject({ template: z.string(), starts_at: instantSchema.optional() }),
    output: tripSchema,
  },
  'trips.dryRun': { input: id, output: z.object({ items: z.array(itemOutcomeSchema) }) },
  /** In person; `items` absent: all. */
  'trips.execute': {
    input: id.extend({ items: z.array(pathIdSchema).min(1).optional() }),
    output: z.object({ items: z.array(itemOutcomeSchema) }),
  },
  'trips.reschedule': {
    input: z.strictObject({ trip: pathIdSchema, item: pathIdSchema, version: z.int(), starts_at: instantSchema }),
    output: itemSchema,
  },

  /** Starts a run and answers at once; `run` events tell how it goes. */
  'runs.start': {
    input: z.strictObject({
      agent: pathIdSchema,
      trip: pathIdSchema,
      items: z.array(pathIdSchema).min(1).optional(),
      dryRun: z.boolean().default(false),
    }),
    output: runSchema,
  },
  'runs.resume': { input: z.strictObject({ agent: pathIdSchema, id: ulidSchema }), output: runSchema },
  /** Of every agent, newest first. */
  'runs.list': { input: nothing, output: listOf(runSchema) },

  /** Without `limit` and `cursor`: all. */
  'grants.list': { input: asSent(grantQuerySchema).optional(), output: listOf(grantSchema) },
  'grants.read': { input: id, output: grantSchema },
  'grants.preview': { input: asSent(grantRequestSchema), output: grantPreviewSchema },
  'grants.issue': { input: asSent(grantRequestSchema), output: grantSchema },
  /** What else ends when a grant does: those below it that the person may know of. */
  'grants.below': { input: id, output: listOf(grantSchema) },
  'grants.revoke': { input: id.extend({ reason: z.string().max(200).optional() }), output: grantSchema },

  'invitations.list': { input: nothing, output: listOf(invitationSchema) },
  'invitations.create': { input: asSent(invitationRequestSchema), output: invitationSchema },
  /** `name`: what the inviter shall be called here. */
  'invitations.redeem': {
    input: z.strictObject({ code: z.string().trim().min(1).max(200), name: contactSchema.shape.name.optional() }),
    output: invitationSchema,
  },
  /** `name`: what the redeemer shall be called here. */
  'invitations.confirm': {
    input: z.strictObject({ id: pathIdSchema, redeemer: z.string(), name: contactSchema.shape.name.optional() }),
    output: invitationSchema,
  },
  'invitations.withdraw': { input: id, output: nothing },

  'activity.list': { input: asSent(decisionQuerySchema).optional(), output: activityPageSchema },
  'activity.read': { input: id, output: loggedEntrySchema },
  'activity.proof': { input: id, output: proofSchema },
  'activity.replay': { input: id, output: replaySchema },
  /** Asks where, and writes the file. */
  'activity.export': {
    input: z.strictObject({
      format: z.enum(['jsonl', 'csv', 'ocsf']),
      filter: z.record(z.string(), z.string()).default({}),
    }),
    output: saved,
  },

  /** Everything that Mandate and the services hold of the person. Asks where, and writes the file. */
  'account.export': { input: nothing, output: saved },
  /** `confirm`: typed by the person, so that it cannot happen by one click. */
  'account.forget': { input: z.strictObject({ confirm: z.literal('forget me') }), output: erasedSchema },
} as const satisfies Readonly<Record<string, { readonly input: z.ZodType; readonly output: z.ZodType }>>

export type OperationName = keyof typeof OPERATIONS
export type Input<N extends OperationName> = z.input<(typeof OPERATIONS)[N]['input']>
export type CheckedInput<N extends OperationName> = z.output<(typeof OPERATIONS)[N]['input']>
export type Output<N extends OperationName> = z.output<(typeof OPERATIONS)[N]['output']>

/** How every call is answered. `stale`: from what was last seen, and when that was, because the service does not answer now. */
export type Answer<N extends OperationName> =
  | { readonly ok: true; readonly value: Output<N>; readonly stale?: string | undefined }
  | { readonly ok: false; readonly problem: z.infer<typeof problemViewSchema> }

export function answerSchema<N extends OperationName>(name: N) {
  return z.discriminatedUnion('ok', [
    z.strictObject({ ok: z.literal(true), value: OPERATIONS[name].output, stale: instantSchema.optional() }),
    z.strictObject({ ok: z.literal(false), problem: problemViewSchema }),
  ])
}

/** What the main process says unasked. */
export const EVENTS = {
  session: sessionViewSchema,
  run: runSchema,
  /** An entry as it was logged. */
  activity: loggedEntrySchema,
  /** Something of the person's has changed: lists that are open are read again. */
  changed: z.object({ what: z.enum(['grants', 'invitations', 'personas', 'trips']) }),
  /** A `mandate://` link was opened: the code of an invitation, to be looked at before it is redeemed. */
  invitation: z.object({ code: z.string() }),
  /** A grant given or held ends within a day. */
  expiring: z.object({ grants: z.array(grantSchema) }),
} as const satisfies Readonly<Record<string, z.ZodType>>

export type EventName = keyof typeof EVENTS
export type EventOf<N extends EventName> = z.output<(typeof EVENTS)[N]>

/** What the window sees of the main process: all of it. */
export interface Bridge {
  call<N extends OperationName>(name: N, input?: Input<N>): Promise<Answer<N>>
  /** @returns a function that stops listening. */
  on<N extends EventName>(name: N, listener: (event: EventOf<N>) => void): () => void
}
