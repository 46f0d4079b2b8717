/**
 * The contract of the channel between window and main process: every operation with its input and output, and every event. Both sides validate every
 * message; anything that is not listed here is refused.
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
  labelsSchema,
  loggedEntrySchema,
  pathIdSchema,
  personaNameSchema,
  personaRequestSchema,
  personaSchema,
  replaySchema,
  scopeSchema,
  ulidSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import {
  activityPageSchema,
  contactSchema,
  erasedSchema,
  itemOutcomeSchema,
  itemSchema,
  listedContactSchema,
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
/** Validates without applying defaults (`z.input`): the service applies them. */
const asSent = <T extends z.ZodType>(schema: T) => z.custom<z.input<T>>((value) => schema.safeParse(value).success)
const saved = z.object({ saved: z.boolean(), /** The file's name, without its folder. */ name: z.string().optional() })

/** Every operation, named `<thing>.<verb>`. */
export const OPERATIONS = {
  'app.setup': { input: nothing, output: setupSchema },
  /** Opens an allow-listed address in the system's browser. */
  'app.open': { input: z.strictObject({ what: z.literal('security-policy') }), output: nothing },

  'session.read': { input: nothing, output: sessionViewSchema },
  /** Resolves when the sign-in has succeeded or failed. `memory`: keep it in memory only, without a safe keystore. */
  'session.signIn': {
    input: z.strictObject({ memory: z.boolean().default(false) }).optional(),
    output: sessionViewSchema,
  },
  'session.cancelSignIn': { input: nothing, output: nothing },
  'session.signOut': { input: nothing, output: sessionViewSchema },

  'contacts.list': { input: nothing, output: listOf(listedContactSchema) },
  'contacts.save': { input: contactSchema.strict(), output: contactSchema },
  'contacts.remove': { input: z.strictObject({ party: z.string() }), output: nothing },

  /** The domains in force: titles, actions, limits, units and texts of reasons. */
  'domains.list': { input: nothing, output: domainListSchema },

  /** Topmost things of every domain that the person may see, own and granted, as `type:id`. */
  'things.list': { input: nothing, output: z.object({ items: z.array(z.string()) }) },
  /** What the services call things, by `type:id`. Things without a name are left out. */
  'things.labels': {
    input: z.strictObject({ ids: z.array(scopeSchema).min(1).max(500) }),
    output: labelsSchema,
  },

  'personas.list': { input: nothing, output: listOf(personaSchema) },
  'personas.create': { input: asSent(personaRequestSchema), output: personaSchema },
  /** Selects the persona for all further requests. */
  'personas.choose': { input: z.strictObject({ persona: personaNameSchema }), output: sessionViewSchema },
  /** `null` removes the settings. */
  'personas.setAutonomy': {
    input: z.strictObject({ id: pathIdSchema, autonomy: asSent(autonomySchema).nullable() }),
    output: personaSchema,
  },
  /** Deactivates, reactivates or revokes a persona. */
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
  /** Executes in person; `items` absent: all items. */
  'trips.execute': {
    input: id.extend({ items: z.array(pathIdSchema).min(1).optional() }),
    output: z.object({ items: z.array(itemOutcomeSchema) }),
  },
  'trips.reschedule': {
    input: z.strictObject({ trip: pathIdSchema, item: pathIdSchema, version: z.int(), starts_at: instantSchema }),
    output: itemSchema,
  },

  /** Starts a run and returns at once; `run` events report its progress. */
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
  /** Runs of every agent, newest first. */
  'runs.list': { input: nothing, output: listOf(runSchema) },

  /** Without `limit` and `cursor`: all grants. */
  'grants.list': { input: asSent(grantQuerySchema).optional(), output: listOf(grantSchema) },
  'grants.read': { input: id, output: grantSchema },
  'grants.preview': { input: asSent(grantRequestSchema), output: grantPreviewSchema },
  'grants.issue': { input: asSent(grantRequestSchema), output: grantSchema },
  /** Grants below a grant, which end with it; only those that the person may read. */
  'grants.below': { input: id, output: listOf(grantSchema) },
  /** When each grant was last used, by its id: of the newest permits of the log. `since`: the earliest of them, where the log has more. */
  'uses.list': {
    input: nothing,
    output: z.object({ last: z.record(z.string(), instantSchema), since: instantSchema.optional() }),
  },
  'grants.revoke': { input: id.extend({ reason: z.string().max(200).optional() }), output: grantSchema },

  'invitations.list': { input: nothing, output: listOf(invitationSchema) },
  'invitations.create': { input: asSent(invitationRequestSchema), output: invitationSchema },
  /** `name`: the person's own name for the inviter. */
  'invitations.redeem': {
    input: z.strictObject({ code: z.string().trim().min(1).max(200), name: contactSchema.shape.name.optional() }),
    output: invitationSchema,
  },
  /** `name`: the person's own name for the redeemer. */
  'invitations.confirm': {
    input: z.strictObject({ id: pathIdSchema, redeemer: z.string(), name: contactSchema.shape.name.optional() }),
    output: invitationSchema,
  },
  'invitations.withdraw': { input: id, output: nothing },

  'activity.list': { input: asSent(decisionQuerySchema).optional(), output: activityPageSchema },
  'activity.read': { input: id, output: loggedEntrySchema },
  'activity.proof': { input: id, output: proofSchema },
  'activity.replay': { input: id, output: replaySchema },
  /** Asks for a file name and writes the file. */
  'activity.export': {
    input: z.strictObject({
      format: z.enum(['jsonl', 'csv', 'ocsf']),
      filter: z.record(z.string(), z.string()).default({}),
    }),
    output: saved,
  },

  /** Exports all data of the person. Asks for a file name and writes the file. */
  'account.export': { input: nothing, output: saved },
  /** `confirm`: typed by the person, so that one click cannot erase them. */
  'account.forget': { input: z.strictObject({ confirm: z.literal('forget me') }), output: erasedSchema },
} as const satisfies Readonly<Record<string, { readonly input: z.ZodType; readonly output: z.ZodType }>>

/** The name of a call that the window may make. */
export type OperationName = keyof typeof OPERATIONS

/** What the window passes to a call, before defaults are filled in. */
export type Input<N extends OperationName> = z.input<(typeof OPERATIONS)[N]['input']>

/** What a handler gets: the input after it was checked, with its defaults. */
export type CheckedInput<N extends OperationName> = z.output<(typeof OPERATIONS)[N]['input']>

/** What a successful call answers; checked on the way out too. */
export type Output<N extends OperationName> = z.output<(typeof OPERATIONS)[N]['output']>

/** Result of every call. `stale`: the value is from the cache, and from when, since the service does not answer. */
export type CallResult<N extends OperationName> =
  | { readonly ok: true; readonly value: Output<N>; readonly stale?: string | undefined }
  | { readonly ok: false; readonly problem: z.infer<typeof problemViewSchema> }

/** Schema of a call's result, used on both sides of the channel. */
export function callResultSchema<N extends OperationName>(name: N) {
  return z.discriminatedUnion('ok', [
    z.strictObject({ ok: z.literal(true), value: OPERATIONS[name].output, stale: instantSchema.optional() }),
    z.strictObject({ ok: z.literal(false), problem: problemViewSchema }),
  ])
}

/** Messages that the main process sends on its own. */
export const EVENTS = {
  session: sessionViewSchema,
  run: runSchema,
  /** A new entry of the decision log. */
  activity: loggedEntrySchema,
  /** Data of the person has changed: the window reloads lists of that kind. */
  changed: z.object({ what: z.enum(['grants', 'invitations', 'personas', 'trips', 'domains']) }),
  /** A `mandate://` link was opened: the code of an invitation, which the person must confirm before it is redeemed. */
  invitation: z.object({ code: z.string() }),
  /** Grants given or held that end within a day. */
  expiring: z.object({ grants: z.array(grantSchema) }),
} as const satisfies Readonly<Record<string, z.ZodType>>

/** The name of an event that the core sends to the window. */
export type EventName = keyof typeof EVENTS

/** The payload of an event; checked on both sides of the channel. */
export type EventOf<N extends EventName> = z.output<(typeof EVENTS)[N]>

/** The only interface of the main process to the window. */
export interface Bridge {
  call<N extends OperationName>(name: N, input?: Input<N>): Promise<CallResult<N>>
  /** @returns A function that removes the listener. */
  on<N extends EventName>(name: N, listener: (event: EventOf<N>) => void): () => void
}
