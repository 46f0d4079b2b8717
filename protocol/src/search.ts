/**
 * AuthZEN searches (section 8): who may, what, and which actions. Unknown members are ignored.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html#section-8 AuthZEN 1.0, section 8}
 * @module
 */
import { z } from 'zod'
import { actionSchema, resourceSchema, subjectSchema } from './authzen.ts'

// Whatever else a searched entity has is read by the same rules as where it is not searched.
const searchedSubject = subjectSchema
  .omit({ id: true })
  .meta({ id: 'SearchedSubject', description: 'Whom is searched for: the type. An id is ignored.' })
const searchedResource = resourceSchema
  .omit({ id: true })
  .meta({ id: 'SearchedResource', description: 'What is searched for: its type. An id is ignored.' })

const page = z
  .looseObject({
    token: z.string().optional().describe('Opaque: `next_token` of the page before, for the very same question.'),
    limit: z
      .int()
      .min(0)
      .optional()
      .describe("At most so many results; 0 or absent: as many as there are, in pages of the PDP's own size."),
  })
  .optional()

const common = { context: z.looseObject({}).optional(), page }

export const subjectSearchSchema = z.looseObject({
  subject: searchedSubject,
  action: actionSchema,
  resource: resourceSchema,
  ...common,
})
export const resourceSearchSchema = z.looseObject({
  subject: subjectSchema,
  action: actionSchema,
  resource: searchedResource,
  ...common,
})
export const actionSearchSchema = z.looseObject({ subject: subjectSchema, resource: resourceSchema, ...common })

const results = <T extends z.ZodType>(result: T) =>
  z.strictObject({
    page: z
      .strictObject({
        next_token: z.string().describe('Empty on the last page.'),
        count: z.int().min(0).describe('How many results this page has.'),
      })
      .optional(),
    results: z.array(result),
  })

/** What a search for subjects or resources, and one for actions, answers (section 8). */
export const entitiesFoundSchema = results(z.strictObject({ type: z.string(), id: z.string() }))
export const actionsFoundSchema = results(z.strictObject({ name: z.string() }))
export type SearchPage = z.infer<typeof page>
