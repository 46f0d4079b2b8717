/**
 * The agent's access tokens for trips: exchanged for a person's token (RFC 8693), or issued to the agent. Tokens are cached in memory until they
 * expire, and never stored, logged or sent to another service.
 *
 * @module
 */
import { createServiceTokens, type ServiceTokensOptions } from '@mandate/pep'

export interface TripsTokens {
  /**
   * Gets a token for trips with the person's `sub` and the agent as `azp`.
   *
   * @throws Fault `unauthenticated` when the person's token or session has ended, `identity_unavailable` when the issuer does not answer.
   */
  readonly exchanged: (userToken: string) => Promise<string>
  /** Gets a token of the agent's own service account. @throws Fault `identity_unavailable`. */
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
