/**
 * AuthZEN search requests: which subjects may act, on which resources, with which actions. Unknown members are ignored.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html#section-8 AuthZEN 1.0, section 8}
 * @module
 */
import { z } from 'zod'
import { actionSchema, resourceSchema, subjectSchema } from './authzen.ts'

// All other members of the entity that is searched for are validated as in an evaluation.
const searchedSubject = subjectSchema
  .omit({ id: true })
  .meta({ id: 'SearchedSubject', description: 'The type of the subjects to search for. An id is ignored.' })
const searchedResource = resourceSchema
  .omit({ id: true })
  .meta({ id: 'SearchedResource', description: 'The type of the resources to search for. An id is ignored.' })

const page = z
  .looseObject({
    token: z.string().optional().describe('Opaque: `next_token` of the previous page, for the identical request.'),
    limit: z.int().min(0).optional().describe("Maximum number of results per page; 0 or absent: the PDP's page size."),
  })
  .optional()

const common = { context: z.looseObject({}).optional(), page }

/** Body of `POST /access/v1/search/subject`: which subjects of a type may act on the resource (AuthZEN 1.0, section 8.4). */
export const subjectSearchSchema = z.looseObject({
  subject: searchedSubject,
  action: actionSchema,
  resource: resourceSchema,
  ...common,
})
/** Body of `POST /access/v1/search/resource`: on which resources of a type the subject may act (AuthZEN 1.0, section 8.5). */
export const resourceSearchSchema = z.looseObject({
  subject: subjectSchema,
  action: actionSchema,
  resource: searchedResource,
  ...common,
})
/** Body of `POST /access/v1/search/action`: which actions the subject may perform on the resource (AuthZEN 1.0, section 8.6). */
export const actionSearchSchema = z.looseObject({ subject: subjectSchema, resource: resourceSchema, ...common })

const results = <T extends z.ZodType>(result: T) =>
  z.strictObject({
    page: z
      .strictObject({
        next_token: z.string().describe('Empty on the last page.'),
        count: z.int().min(0).describe('Number of results in this page.'),
      })
      .optional(),
    results: z.array(result),
  })

/** Response of a search for subjects or resources (AuthZEN 1.0, sections 8.4 and 8.5). */
export const entitiesFoundSchema = results(z.strictObject({ type: z.string(), id: z.string() }))
/** Response of a search for actions (AuthZEN 1.0, section 8.6). */
export const actionsFoundSchema = results(z.strictObject({ name: z.string() }))
/** The `page` member of a search request: token of the page, and its size. */
export type SearchPage = z.infer<typeof page>
