/**
 * A run: one attempt of the agent to execute the items of a trip, and what came of each. This is all the agent keeps: opaque ids, codes,
 * texts of reasons. No token, no name.
 *
 * @module
 */
import { linkSchema, reasonSchema } from '@mandate/protocol'
import { z } from 'zod'

/** A reason as an agent may know it: the protocol's own is open, and whatever else a service puts in is dropped here, the owner's figures too. */
export const toldReasonSchema = z.object(
  reasonSchema.pick({ code: true, gate: true, reason_user: true, cure: true, attribute: true }).shape,
)

/** What was decided, as the service told the agent. */
const decidedSchema = z.object({
  decision: z.boolean(),
  /** Primary code. */
  reason: z.string(),
  reason_user: z.string().optional(),
  reasons: z.array(toldReasonSchema),
  /** Grants from the owner to the agent. */
  chain: z.array(linkSchema),
  evaluation_id: z.string().optional(),
})
export type Decided = z.infer<typeof decidedSchema>

/**
 * `waiting` its turn · `booked`, `rebooked`, `unchanged` as the service says · `denied` · `failed`: no decision, or none that was carried
 * out · `checked`: a dry run.
 */
const ITEM_STATUSES = ['waiting', 'booked', 'rebooked', 'unchanged', 'denied', 'failed', 'checked'] as const

const runItemSchema = decidedSchema.partial().extend({
  item: z.string(),
  name: z.string().optional(),
  status: z.enum(ITEM_STATUSES),
  /** Code of what went wrong, when `failed`. */
  failure: z.string().optional(),
  /** The answer of the dry run that came first. */
  precheck: decidedSchema.optional(),
})
export type RunItem = z.infer<typeof runItemSchema>

/**
 * `denied`: the trip may not even be read. `failed`: the service did not answer. `stopped`: the authority ended with items left untried.
 * `interrupted`: the agent was stopped in the middle.
 */
const RUN_STATUSES = ['running', 'done', 'denied', 'failed', 'stopped', 'interrupted'] as const

export const runSchema = z.object({
  id: z.string(),
  workflow: z.string(),
  status: z.enum(RUN_STATUSES),
  dry_run: z.boolean(),
  /** Whose authority is used: `user:<sub>`, or the agent itself on its own schedule. */
  subject: z.string(),
  /** The agent, when it acts for somebody. */
  actor: z.string().optional(),
  persona: z.string().optional(),
  /** What was asked for, ids or names; all items when absent. */
  asked: z.array(z.string()).optional(),
  started_at: z.string(),
  ended_at: z.string().optional(),
  /** Why the trip may not be read, when `denied`. */
  denial: decidedSchema.optional(),
  /** Code of what went wrong, when `failed`. */
  failure: z.string().optional(),
  items: z.array(runItemSchema),
})
export type Run = z.infer<typeof runSchema>

/** Reasons that are about who acts, not about the item: what follows would be denied for the same. */
const AUTHORITY_ENDED: ReadonlySet<string> = new Set([
  'grant_revoked',
  'grant_expired',
  'chain_broken',
  'not_on_behalf',
  'session_ended',
  'agent_suspended',
  'agent_unknown',
  'persona_unusable',
  'owner_persona_unusable',
  'no_consent',
  // A fault of the service's door: the token has ended.
  'unauthenticated',
])

/** Whether what came of an item says that the run has no authority any more. */
export function endsAuthority({ status, reason, failure }: RunItem): boolean {
  const code = status === 'denied' ? reason : failure
  return code !== undefined && AUTHORITY_ENDED.has(code)
}

/** Whether an item is still to be tried. A failed one is tried again: under the same key it is not done twice. */
export function isOpen({ status }: RunItem): boolean {
  return status === 'waiting' || status === 'failed'
}

/** Whether a run may be taken up again. A dry run is asked anew instead. */
export function isResumable({ status, dry_run }: Run): boolean {
  return !dry_run && (status === 'interrupted' || status === 'stopped' || status === 'failed')
}

/** The items of a trip that a run is about, in the order asked for, or all in the trip's order. */
export function chooseItems(
  known: readonly { readonly id: string; readonly name: string }[],
  wanted: readonly string[] | undefined,
): { readonly chosen: readonly { readonly id: string; readonly name: string }[]; readonly unknown: readonly string[] } {
  if (wanted === undefined) return { chosen: known, unknown: [] }
  const find = (want: string) => known.find(({ id, name }) => id === want || name === want)
  return {
    chosen: [...new Set(wanted.map(find).filter((item) => item !== undefined))],
    unknown: wanted.filter((want) => find(want) === undefined),
  }
}
