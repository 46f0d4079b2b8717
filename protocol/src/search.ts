/**
 * AuthZEN searches (section 8): who may, what, and which actions. Unknown members are ignored.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html#section-8 AuthZEN 1.0, section 8}
 * @module
 */
import { z } from 'zod'
import { actionSchema, resourceSchema, subjectSchema } from './authzen.ts'

/** The searched entity: its type only; an id is ignored. */
const searched = z.looseObject({ type: z.string().min(1), properties: z.looseObject({}).optional() })

const page = z
  .looseObject({
    /** Opaque: `next_token` of the page before, for the very same question. */
    token: z.string().optional(),
    /** At most so many results; 0 or absent: as many as there are, in pages of the PDP's own size. */
    limit: z.int().min(0).optional(),
  })
  .optional()

const common = { context: z.looseObject({}).optional(), page }

export const subjectSearchSchema = z.looseObject({
  subject: searched,
  action: actionSchema,
  resource: resourceSchema,
  ...common,
})
export const resourceSearchSchema = z.looseObject({
  subject: subjectSchema,
  action: actionSchema,
  resource: searched,
  ...common,
})
export const actionSearchSchema = z.looseObject({ subject: subjectSchema, resource: resourceSchema, ...common })
export type SearchPage = z.infer<typeof page>
