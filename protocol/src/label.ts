/**
 * Names of things, given by the service that has them: `GET /labels?ids=workflow:w1,workflow_item:i1` returns `{"labels": {"workflow:w1": "Milan"}}`.
 * Optional for a service; user interfaces show the type and a short id otherwise.
 *
 * @module
 */
import { z } from 'zod'
import { scopeSchema } from './party.ts'
import { refuse } from './problem.ts'

/** Maximum number of ids in one request. */
export const MAX_LABELS = 100
/** Maximum length of one label, in characters. */
export const MAX_LABEL_LENGTH = 200

/** Response of `GET /labels`. Things that the caller may not read, and things without a name, are left out. */
export const labelsSchema = z.object({ labels: z.record(z.string(), z.string().min(1).max(MAX_LABEL_LENGTH)) })
/** A parsed {@link labelsSchema}. */
export type Labels = z.infer<typeof labelsSchema>

/**
 * Splits the parameter `ids` of `GET /labels`: `type:id`, separated by commas. An id that has a comma cannot be asked for.
 *
 * @param ids - The value of the query parameter.
 * @throws Fault `invalid_request` when it is absent, repeated, longer than {@link MAX_LABELS} ids, or an id is not `type:id`.
 */
export function parseLabelIds(ids: unknown): readonly string[] {
  const listed = typeof ids === 'string' && ids !== '' ? ids.split(',') : []
  const isValid = listed.every((id) => scopeSchema.safeParse(id).success)
  if (listed.length === 0 || listed.length > MAX_LABELS || !isValid)
    throw refuse('invalid_request', `ids: 1 to ${MAX_LABELS} of type:id, separated by commas`)
  return [...new Set(listed)]
}
