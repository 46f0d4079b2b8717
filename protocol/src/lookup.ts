/**
 * Look-ups on the wire: from a person's `sub` to their pseudonym in the decision log, for a case, by two auditors.
 *
 * @module
 */
import { z } from 'zod'
import { instantSchema, ulidSchema } from './id.ts'

/** How long after it was asked for a look-up can be approved and read, in hours. */
export const LOOKUP_HOURS = 24

const subSchema = z.string().min(1).max(255).describe('`sub` of the person’s tokens. It is not stored.')
const caseSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,23}$/u, 'must be a case number: up to 24 letters, digits, ".", "_", "/" or "-"')
  .describe('Number of the case that needs it. It is in the decision log.')

/** Body of `POST /v1/lookups`. */
export const lookupRequestSchema = z.strictObject({ case: caseSchema, sub: subSchema })

/** Body of `POST /v1/lookups/{id}/approve`: the person, as the approver knows them from the case. */
export const lookupApprovalSchema = z.strictObject({ sub: subSchema })

/** A look-up that can still be approved or read. */
export const lookupSchema = z
  .strictObject({
    id: ulidSchema,
    case: z.string(),
    status: z.enum(['asked', 'approved']),
    mine: z.boolean().describe('Whether the caller asked for it, who alone can read it, and cannot approve it.'),
    asked_by: z.string().describe('The auditor, by pseudonym.'),
    asked_at: instantSchema,
    approved_by: z.string().optional().describe('Another auditor, by pseudonym.'),
    ends_at: instantSchema.describe('Until when it can be approved and read.'),
  })
  .meta({ id: 'Lookup' })
/** A parsed {@link lookupSchema}. */
export type Lookup = z.infer<typeof lookupSchema>

/** Response of `POST /v1/lookups/{id}/read`. */
export const lookupResultSchema = z.strictObject({
  id: ulidSchema,
  case: z.string(),
  pseudonym: z
    .string()
    .optional()
    .describe('The person in the decision log: `p_…`. Absent: nobody is known by that `sub`.'),
})
/** A parsed {@link lookupResultSchema}. */
export type LookupResult = z.infer<typeof lookupResultSchema>
