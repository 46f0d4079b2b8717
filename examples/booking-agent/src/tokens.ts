/**
 * The agent's tokens for trips: exchanged from a person's (RFC 8693), or its own. Neither is stored, logged or passed to anybody else; both are
 * remembered while they are good, in memory alone.
 *
 * @module
 */
import { createServiceTokens, type ServiceTokensOptions } from '@mandate/pep'

export interface TripsTokens {
  /**
   * A token for trips with the person's sub and the agent as `azp`.
   *
   * @throws Fault `unauthenticated` when the person's token or session has ended, `identity_unavailable` when nobody answers.
   */
  readonly exchanged: (userToken: string) => Promise<string>
  /** A token of the agent's own service account. @throws Fault `identity_unavailable`. */
  readonly own: () => Promise<string>
  readonly close: () => Promise<void>
}

/** Scope and audience of trips. */
const TRIPS = 'trips'

export function createTripsTokens(options: ServiceTokensOptions): TripsTokens {
  const tokens = createServiceTokens(options)
  return {
    exchanged: (userToken) => tokens.exchanged(userToken, TRIPS),
    own: () => tokens.own(TRIPS),
    close: tokens.close,
  }
}
