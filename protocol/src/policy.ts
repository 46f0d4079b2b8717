/**
 * Policy versions on the wire, for operators and auditors: the list of loaded versions, their texts, comparing two, and activating one.
 *
 * @module
 */
import { z } from 'zod'
import { instantSchema, pageLimitSchema, ulidSchema } from './id.ts'

/** Version of the loaded policy: `domain@hash` of every pack in order, separated by spaces. */
const versionSchema = z.string().min(1).max(4_096)

/** A policy version that was loaded. Exactly one is `in_force`. */
export const policyRecordSchema = z.strictObject({
  version: versionSchema,
  loaded_at: instantSchema,
  in_force: z.boolean(),
})
/** A parsed {@link policyRecordSchema}. */
export type PolicyRecord = z.infer<typeof policyRecordSchema>

/** Body of `POST /v1/policies/activate`: a version that was loaded before. */
export const policyActivationSchema = z.strictObject({ version: versionSchema })

/** Query string of `GET /v1/policies/texts`. */
export const policyTextsQuerySchema = z.strictObject({
  version: versionSchema.describe(
    'A version that was loaded here, of all packs or of one (then the newest that has it).',
  ),
})

/** Response of `GET /v1/policies/texts`: the files of a version, as they were loaded. */
export const policyTextsSchema = z
  .object({
    version: versionSchema,
    core: z.string().describe('`core.fga`, the model that all packs share.'),
    packs: z.array(
      z.object({
        name: z.string().describe('Name of the folder.'),
        model: z.string().describe('`model.fga`'),
        manifest: z.string().describe('`manifest.yaml`'),
      }),
    ),
  })
  .meta({ id: 'PolicyTexts', description: 'The files of a version of the policies.' })
/** A parsed {@link policyTextsSchema}. */
export type PolicyTexts = z.infer<typeof policyTextsSchema>

/** Most entries that one comparison evaluates. */
export const MAX_COMPARED = 500

/** Query string of `GET /v1/policies/comparison`. */
export const policyComparisonQuerySchema = z.strictObject({
  before: versionSchema,
  after: versionSchema,
  limit: pageLimitSchema(MAX_COMPARED, 200).describe('Evaluations of the log to make again: the newest.'),
})

const outcomeSchema = z.object({ decision: z.boolean(), reason: z.string().describe('Code of the primary reason.') })

/** Response of `GET /v1/policies/comparison`: which logged decisions two versions make differently, and how many could not be compared. */
export const policyComparisonSchema = z
  .object({
    before: versionSchema,
    after: versionSchema,
    complete: z
      .boolean()
      .describe('Whether every evaluation was made again. If not, no conclusion can be drawn from an empty `turned`.'),
    evaluations: z.int().min(0),
    made_again: z.int().min(0),
    not_made_again: z.array(z.object({ why: z.string(), count: z.int().min(1) })),
    otherwise_today: z
      .int()
      .min(0)
      .describe('Evaluations that come out otherwise than logged with `before` too: facts have changed since.'),
    turned: z.array(
      z.object({
        before: outcomeSchema,
        after: outcomeSchema,
        count: z.int().min(1),
        entries: z.array(ulidSchema).optional().describe('Ids of the entries, newest first, at most 20; for auditors.'),
      }),
    ),
  })
  .meta({ id: 'PolicyComparison', description: 'Logged decisions that two versions of the policies make differently.' })
/** A parsed {@link policyComparisonSchema}. */
export type PolicyComparison = z.infer<typeof policyComparisonSchema>
