/**
 * Replay of a logged decision: the same request evaluated again now, compared with the logged outcome.
 *
 * @module
 */
import { z } from 'zod'
import { linkSchema, reasonSchema } from './decision.ts'
import { instantSchema } from './id.ts'

/** Members in which two outcomes can differ. `reasons` are compared without measured values, `chain` by its grant ids. */
export const REPLAY_DIFFERENCES = ['decision', 'reasons', 'chain', 'policy', 'model'] as const

/** Query string of `GET /v1/decisions/{id}/replay`. */
export const replayQuerySchema = z.strictObject({
  policy: z
    .string()
    .min(1)
    .max(4_096)
    .optional()
    .describe(
      'A version that was loaded here, of one pack or of all (`GET /v1/policies`), to evaluate with in place of the one in force; facts are the present ones. For auditors and operators.',
    ),
})

const outcomeSchema = z
  .object({
    at: instantSchema,
    decision: z.boolean(),
    reasons: z.array(reasonSchema.omit({ reason_user: true, reason_admin: true, cure: true })),
    chain: z.array(linkSchema).describe('Parties by pseudonym.'),
    policy: z.string().optional(),
    model: z.string().optional(),
  })
  .meta({ id: 'Outcome', description: 'A decision, in the form in which it is logged.' })
/** A decision with its explanation, by pseudonym: a parsed `then` or `now` of {@link replaySchema}. */
export type Outcome = z.infer<typeof outcomeSchema>

/** Response of `GET /v1/decisions/{id}/replay`: the logged outcome (`then`), the current one (`now`), and the members that differ. */
export const replaySchema = z
  .object({
    // biome-ignore lint/suspicious/noThenProperty: a member name of the wire format; a schema is never awaited
    then: outcomeSchema,
    now: outcomeSchema,
    differs: z
      .array(z.enum(REPLAY_DIFFERENCES))
      .describe('Names of the members that differ; empty when the outcomes are equal.'),
  })
  .meta({ id: 'Replay', description: 'The outcome of one request, then and now.' })
/** A parsed {@link replaySchema}. */
export type Replay = z.infer<typeof replaySchema>
