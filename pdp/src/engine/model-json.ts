/**
 * Parses the JSON form of an OpenFGA authorization model, schema 1.1 or 1.2.
 *
 * @module
 */
import { z } from 'zod'

/** One rewrite rule of a relation. */
export type RewriteJson =
  | { readonly this: unknown }
  | { readonly computedUserset: { readonly relation: string } }
  | {
      readonly tupleToUserset: {
        readonly tupleset: { readonly relation: string }
        readonly computedUserset: { readonly relation: string }
      }
    }
  | { readonly union: { readonly child: readonly RewriteJson[] } }
  | { readonly intersection: { readonly child: readonly RewriteJson[] } }
  | { readonly difference: { readonly base: RewriteJson; readonly subtract: RewriteJson } }

const relationName = z.looseObject({ relation: z.string() })
const children = z.looseObject({
  get child() {
    return z.array(rewriteSchema)
  },
})
const rewriteSchema: z.ZodType<RewriteJson> = z.lazy(() =>
  z.union([
    z.looseObject({ this: z.looseObject({}) }),
    z.looseObject({ computedUserset: relationName }),
    z.looseObject({ tupleToUserset: z.looseObject({ tupleset: relationName, computedUserset: relationName }) }),
    z.looseObject({ union: children }),
    z.looseObject({ intersection: children }),
    z.looseObject({ difference: z.looseObject({ base: rewriteSchema, subtract: rewriteSchema }) }),
  ]),
)

const restrictionSchema = z.looseObject({
  type: z.string(),
  relation: z.string().optional(),
  wildcard: z.looseObject({}).optional(),
  condition: z.string().optional(),
})

export interface ParameterTypeJson {
  readonly type_name: string
  readonly generic_types?: readonly ParameterTypeJson[] | undefined
}
const parameterTypeSchema: z.ZodType<ParameterTypeJson> = z.lazy(() =>
  z.looseObject({ type_name: z.string(), generic_types: z.array(parameterTypeSchema).optional() }),
)

const conditionSchema = z.looseObject({
  expression: z.string(),
  parameters: z.record(z.string(), parameterTypeSchema).default({}),
})
export type ConditionJson = z.infer<typeof conditionSchema>

const typeSchema = z.looseObject({
  type: z.string(),
  relations: z.record(z.string(), rewriteSchema).default({}),
  metadata: z
    .looseObject({
      relations: z
        .record(z.string(), z.looseObject({ directly_related_user_types: z.array(restrictionSchema).default([]) }))
        .nullish(),
    })
    .nullish(),
})
export type TypeJson = z.infer<typeof typeSchema>

const modelSchema = z.looseObject({
  schema_version: z.enum(['1.1', '1.2']),
  type_definitions: z.array(typeSchema),
  conditions: z.record(z.string(), conditionSchema).default({}),
})
export type ModelJson = z.infer<typeof modelSchema>

/** @returns The model, or what is wrong with its JSON, one message per place. */
export function parseModel(json: unknown): { readonly model: ModelJson } | { readonly problems: readonly string[] } {
  const parsed = modelSchema.safeParse(json)
  if (parsed.success) return { model: parsed.data }
  return { problems: parsed.error.issues.map(({ path, message }) => `model: ${path.join('.')}: ${message}`) }
}
