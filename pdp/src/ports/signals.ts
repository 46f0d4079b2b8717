/**
 * Received security events (SETs, RFC 8417), so that each is carried out once.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'

/** Greatest age at which a SET is accepted, in milliseconds: a transmitter may have to deliver it again for days. */
export const SIGNAL_MAX_AGE_MS = 7 * 86_400_000

/** Ids of the SETs that were carried out, shared by all PDPs of a database. */
export interface ReceivedSignals {
  has(issuer: string, jti: string): Promise<boolean>
  /** Call after the SET was carried out: a crash before leads to a second delivery. @param until - When the SET is too old to be accepted. */
  keep(issuer: string, jti: string, until: EpochMillis): Promise<void>
}
