/**
 * What the story reads of the answers it gets: no more than it tells.
 *
 * @module
 */
import { z } from 'zod'

/** One line of the table: an item that somebody tried. */
export interface Told {
  readonly who: string
  readonly item: string
  readonly decision: boolean
  /** Codes, primary first. */
  readonly reasons: readonly string[]
  /** Parties from the owner to the actor, as ids. */
  readonly chain: readonly string[]
  readonly evaluationId: string
}

/** What happened, for whoever wants to hold it to its word. */
export interface StoryTold {
  readonly rows: readonly Told[]
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

/** How many decisions were found, and how many of them rest on a grant that was given in this run: on a first start, all. */
export function decisionsFound({ total, entries }: Page, grant: string): string {
  const fromThisRun = entries.filter(({ chain }) => chain.some((link) => link.grant === grant)).length
  return `${total} decisions, ${fromThisRun === total ? 'all' : fromThisRun} of them from this run`
}
