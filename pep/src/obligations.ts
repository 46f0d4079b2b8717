/**
 * Obligations: conditions of a permit that the service must carry out. One that is unknown or cannot be met turns the permit into a denial.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html#section-5.5 AuthZEN 1.0, section 5.5}
 * @module
 */
import { decisionCodeSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { Authz } from './authz.ts'
import type { Outcome } from './outcome.ts'

/** One obligation, as the PDP wrote it. */
export interface Obligation {
  readonly id: string
  readonly [member: string]: unknown
}

/** @returns whether the obligation is met now, before the handler runs. Throwing is the same as `false`. */
export type ObligationHandler = (
  obligation: Obligation,
  permit: { readonly authz: Authz; readonly outcome: Outcome },
) => boolean | Promise<boolean>
export type ObligationHandlers = Readonly<Record<string, ObligationHandler>>

const obligationsSchema = z.array(z.looseObject({ id: z.string().min(1) }))

/** @returns `undefined` when they cannot be understood: neither a list of things with an `id`, nor nothing. */
export function readObligations(value: unknown): readonly Obligation[] | undefined {
  if (value === undefined || value === null) return []
  if (typeof value === 'object' && Object.keys(value).length === 0) return []
  return obligationsSchema.safeParse(value).data
}

/** The permit itself when every obligation is met, else the denial that it becomes. Denials are left as they are. */
export async function meetObligations(outcome: Outcome, authz: Authz, handlers: ObligationHandlers): Promise<Outcome> {
  if (!outcome.decision || outcome.obligations === undefined) return outcome
  const known = outcome.obligations.every(({ id }) => Object.hasOwn(handlers, id))
  if (!known) return refusedBy('obligation_unknown', outcome)
  for (const obligation of outcome.obligations) {
    if (!(await isMet(handlers[obligation.id], obligation, { authz, outcome })))
      return refusedBy('obligation_unmet', outcome)
  }
  return outcome
}

async function isMet(
  handler: ObligationHandler | undefined,
  ...permit: Parameters<ObligationHandler>
): Promise<boolean> {
  try {
    return (await handler?.(...permit)) === true
  } catch {
    return false
  }
}

/** Turns a permit with unknown or unmet obligations into a denial. */
export function refusedBy(reason: 'obligation_unknown' | 'obligation_unmet', permit: Outcome): Outcome {
  const { resource, chain, evaluationId } = permit
  return {
    resource,
    decision: false,
    reason,
    reasons: [
      {
        code: decisionCodeSchema.parse(reason),
        reason_user: 'This is permitted only under a condition that the service cannot meet.',
      },
    ],
    chain,
    ...(evaluationId === undefined ? {} : { evaluationId }),
  }
}
