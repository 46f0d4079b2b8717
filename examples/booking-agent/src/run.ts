/**
 * A run: one attempt of the agent to execute the items of a trip, with the outcome of each. It is all that the agent stores: opaque ids, codes and
 * texts of reasons; no token and no name.
 *
 * @module
 */
import { linkSchema, reasonSchema } from '@mandate/protocol'
import { z } from 'zod'

/** The members of a reason that an agent may see. Drops every other member that a service sends, such as the owner's limits. */
export const toldReasonSchema = z.object(
  reasonSchema.pick({ code: true, gate: true, reason_user: true, cure: true, attribute: true }).shape,
)

/** A decision, as disclosed by the service to the agent. */
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
 * `waiting`: not tried yet · `booked`, `rebooked`, `unchanged`: the service's effect · `denied` · `failed`: no decision, or the execution failed ·
 * `checked`: by a dry run.
 */
const ITEM_STATUSES = ['waiting', 'booked', 'rebooked', 'unchanged', 'denied', 'failed', 'checked'] as const

const runItemSchema = decidedSchema.partial().extend({
  item: z.string(),
  name: z.string().optional(),
  status: z.enum(ITEM_STATUSES),
  /** Error code, when `failed`. */
  failure: z.string().optional(),
  /** Decision of the dry run that precedes the execution. */
  precheck: decidedSchema.optional(),
})

/** One item of a run: what was tried, and the decision with its reasons once there is one. */
export type RunItem = z.infer<typeof runItemSchema>

/**
 * `denied`: reading the trip was denied. `failed`: the service did not answer. `stopped`: the authority ended before every item was tried, as the service or an event of the PDP said.
 * `interrupted`: the agent's process ended during the run.
 */
const RUN_STATUSES = ['running', 'done', 'denied', 'failed', 'stopped', 'interrupted'] as const

export const runSchema = z.object({
  id: z.string(),
  workflow: z.string(),
  status: z.enum(RUN_STATUSES),
  dry_run: z.boolean(),
  /** Whose authority is used: `user:<sub>`, or the agent itself on its own schedule. */
  subject: z.string(),
  /** The agent, when it acts for a person. */
  actor: z.string().optional(),
  persona: z.string().optional(),
  /** Items requested, as ids or names; all items when absent. */
  asked: z.array(z.string()).optional(),
  started_at: z.string(),
  ended_at: z.string().optional(),
  /** Decision that denied reading the trip, when `denied`. */
  denial: decidedSchema.optional(),
  /** Error code, when `failed`. */
  failure: z.string().optional(),
  items: z.array(runItemSchema),
})

/** One run of an agent through a trip, as it is stored and as `GET /runs/{id}` shows it. Money is in minor units, instants are RFC 3339. */
export type Run = z.infer<typeof runSchema>

/** Reasons that concern the actor's authority, not the item: every further item would be denied for the same reason. */
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
  // The service's authentication rejected the token: it has expired.
  'unauthenticated',
])

/** Whether the outcome of an item shows that the run's authority has ended. */
export function endsAuthority({ status, reason, failure }: RunItem): boolean {
  const code = status === 'denied' ? reason : failure
  return code !== undefined && AUTHORITY_ENDED.has(code)
}

/** Whether an item is still to be tried. A failed item is retried with the same idempotency key, so it is not executed twice. */
export function isOpen({ status }: RunItem): boolean {
  return status === 'waiting' || status === 'failed'
}

/** Whether a run can be resumed. A dry run cannot: a new one has the same effect. */
export function isResumable({ status, dry_run }: Run): boolean {
  return !dry_run && (status === 'interrupted' || status === 'stopped' || status === 'failed')
}

/** Selects the items of a run: those wanted, in that order, or all in the trip's order. `unknown` are wanted items that the trip has not. */
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
