/**
 * Schemas of the responses that the story reads, limited to the members it uses.
 *
 * @module
 */
import { z } from 'zod'

/** One row of the story's table: an attempted action and its outcome. */
export interface StoryRow {
  readonly who: string
  readonly item: string
  readonly decision: boolean
  /** Reason codes, primary first. */
  readonly reasons: readonly string[]
  /** Parties from the owner to the actor, as ids. */
  readonly chain: readonly string[]
  readonly evaluationId: string
}

/** Outcome of the story, for the end-to-end tests. */
export interface StoryResult {
  readonly rows: readonly StoryRow[]
  readonly workflow: string
  readonly people: { readonly carlo: string; readonly yannick: string; readonly sam: string }
}

const reasonSchema = z.looseObject({
  code: z.string(),
  limit: z.number().optional(),
  actual: z.number().optional(),
  currency: z.string().optional(),
})
export const resultSchema = z.looseObject({
  item: z.string(),
  name: z.string().optional(),
  decision: z.boolean(),
  reasons: z.array(reasonSchema).default([]),
  chain: z.array(z.looseObject({ delegator: z.string(), delegate: z.string() })).default([]),
  evaluation_id: z.string().default(''),
})
export type Result = z.infer<typeof resultSchema>
export const runSchema = z.looseObject({ items: z.array(resultSchema) })
export const tripSchema = z.looseObject({
  id: z.string(),
  items: z.array(
    z.looseObject({ id: z.string(), name: z.string(), last_attempt: resultSchema.omit({ item: true }).optional() }),
  ),
})
export const tripsSchema = z.looseObject({
  items: z.array(z.looseObject({ id: z.string(), template: z.string(), created_at: z.string() })),
})
export type Trip = z.infer<typeof tripSchema>
export const listSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.string() })) })
export const personasSchema = z.looseObject({
  items: z.array(z.looseObject({ id: z.string(), title: z.string(), circle: z.string(), status: z.string() })),
})
export const grantSchema = z.looseObject({ id: z.string() })

export const pageSchema = z.looseObject({
  total: z.number(),
  entries: z.array(
    z.looseObject({
      id: z.string(),
      chain: z.array(z.looseObject({ grant: z.string(), delegator: z.string(), delegate: z.string() })).default([]),
    }),
  ),
})
export type Page = z.infer<typeof pageSchema>

/** Text about the number of decisions found, and how many of them used a grant of this run (at a first start: all). */
export function decisionsFound({ total, entries }: Page, grant: string): string {
  const fromThisRun = entries.filter(({ chain }) => chain.some((link) => link.grant === grant)).length
  return `${total} decisions, ${fromThisRun === total ? 'all' : fromThisRun} of them from this run`
}
