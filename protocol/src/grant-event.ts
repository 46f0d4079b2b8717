/**
 * Events about grants that a PDP sends to services and agents in Security Event Tokens (RFC 8417). An event says which grant it is about and nothing of people:
 * its receiver knows the grant from the `chain` of a decision.
 *
 * @module
 */
import { z } from 'zod'

/** URIs of the events. */
export const GRANT_EVENTS = {
  /** The grant has ended for good. */
  ended: 'urn:mandate:secevent:grant-ended',
  /** The grant is not usable now, and may become usable again: an agent or a persona in its chain is not, or consent to agents was withdrawn. */
  suspended: 'urn:mandate:secevent:grant-suspended',
} as const

/** About the stream itself (SSF 1.0, section 8.1.4): shows that deliveries arrive. */
export const VERIFICATION_EVENT = 'https://schemas.openid.net/secevent/ssf/event-type/verification'

/**
 * Why a grant ended. `replaced`: another grant took its place. `transferred`: its resource has another owner. `above_ended`: a grant that it was made
 * from ended.
 */
export const GRANT_END_REASONS = ['revoked', 'replaced', 'transferred', 'above_ended'] as const
/** One of {@link GRANT_END_REASONS}. */
export type GrantEndReason = (typeof GRANT_END_REASONS)[number]

/** Members of an event. A reader accepts reasons and members that it does not know. */
export const grantEventSchema = z
  .looseObject({
    event_timestamp: z.int().min(0).describe('When it happened, in seconds since 1970.'),
    scope: z.string().min(1).describe('What the grant covers, as it was requested: `workflow:<id>` or `all:<domain>`.'),
    reason: z.string().optional().describe('Of an end: revoked, replaced, transferred or above_ended.'),
  })
  .meta({ id: 'GrantEvent', description: 'An event about a grant.' })
/** A parsed {@link grantEventSchema}. */
export type GrantEventMembers = z.infer<typeof grantEventSchema>

/** The subject of an event about a grant: its id, in the format `opaque` (RFC 9493, section 3.2.7). */
export const grantSubjectSchema = z.looseObject({ format: z.literal('opaque'), id: z.string().min(1).max(64) })
