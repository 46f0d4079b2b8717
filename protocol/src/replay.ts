/**
 * A decision of the log asked again: what it was, what it would be now, and in what they differ.
 *
 * @module
 */
import { z } from 'zod'
import { linkSchema, reasonSchema } from './decision.ts'
import { instantSchema } from './id.ts'

/** In what two outcomes can differ. `reasons` but for what was measured, `chain` by its grants. */
export const REPLAY_DIFFERENCES = ['decision', 'reasons', 'chain', 'policy', 'model'] as const

const outcomeSchema = z
  .object({
    at: instantSchema,
    decision: z.boolean(),
    reasons: z.array(reasonSchema.omit({ reason_user: true, reason_admin: true, cure: true })),
    chain: z.array(linkSchema).describe('By pseudonym, as the log has it.'),
    policy: z.string().optional(),
    model: z.string().optional(),
  })
  .meta({ id: 'Outcome', description: 'A decision as the log keeps it.' })
export type Outcome = z.infer<typeof outcomeSchema>

/** `GET /v1/decisions/{id}/replay`. */
export const replaySchema = z
  .object({
    // biome-ignore lint/suspicious/noThenProperty: it is the answer's word, and nobody awaits a schema's members
    then: outcomeSchema,
    now: outcomeSchema,
    differs: z.array(z.enum(REPLAY_DIFFERENCES)).describe('Empty when the answer would be the same.'),
  })
  .meta({ id: 'Replay', description: 'The same question, then and now.' })
export type Replay = z.infer<typeof replaySchema>
