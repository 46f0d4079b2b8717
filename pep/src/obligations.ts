/**
 * Obligations: conditions of a permit that the service must carry out. One that is unknown or cannot be met turns the permit into a denial.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html#section-5.5 AuthZEN 1.0, section 5.5}
 * @module
 */
import type { Authz } from './authz.ts'
import { type Obligation, type Outcome, refusedBy } from './outcome.ts'

/** @returns whether the obligation is met now, before the handler runs. Throwing is the same as `false`. */
export type ObligationHandler = (
  obligation: Obligation,
  permit: { readonly authz: Authz; readonly outcome: Outcome },
) => boolean | Promise<boolean>

/** Handlers by the obligation's `id`. A permit with an obligation that has no handler is a denial. */
export type ObligationHandlers = Readonly<Record<string, ObligationHandler>>

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
