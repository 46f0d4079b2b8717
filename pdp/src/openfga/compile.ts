/**
 * Compiles the modules of an authorization model: the JSON that OpenFGA's API takes, and the engine-neutral description of it. Pure.
 *
 * @module
 */
import openfgaSyntax from '@openfga/syntax-transformer'
import { z } from 'zod'
import type {
  Assignable,
  CompileModel,
  ConditionDescription,
  ModelDescription,
  ModelFile,
  ParameterType,
  RelationDescription,
} from '../ports/model.ts'
import { PARAMETER_TYPES } from '../ports/model.ts'
import { mendText } from './compile-mend.ts'

/** Compiles modules of OpenFGA's language, schema 1.2. Errors come back as problems with file and line; never throws for a bad model. */
export const compileModel: CompileModel = (files) => {
  let program: object
  try {
    program = openfgaSyntax.transformer.transformModuleFilesToModel([...files], '1.2')
  } catch (cause) {
    return { problems: compositionErrors(cause, files) }
  }
  return { program, description: describeModel(program, files) }
}

const compositionSchema = z.looseObject({
  file: z.string(),
  /** Line, counted from 0. */
  line: z.looseObject({ start: z.int() }),
  msg: z.string(),
})

/** One message per mistake. Unused conditions of the core are reported only when there is no other mistake, which would cause them. */
function compositionErrors(cause: unknown, files: readonly ModelFile[]): readonly string[] {
  const errors: readonly unknown[] =
    cause instanceof Error && 'errors' in cause && Array.isArray(cause.errors) ? cause.errors : [cause]
  const messages = errors.map((error) => {
    const placed = compositionSchema.safeParse(error)
    if (!placed.success) return `the model does not compose: ${error instanceof Error ? error.message : String(error)}`
    const { file, line, msg } = placed.data
    const message = msg.replaceAll('\n', ' ')
    return `${file}:${line.start + 1}: ${message}${mendText(message, file, files)}`
  })
  const own = messages.filter((line) => !/^core\.fga:\d+: `\w+` condition is not used/u.test(line))
  return own.length > 0 ? own : messages
}

const sourceSchema = z.looseObject({ source_info: z.looseObject({ file: z.string() }).optional() })
const assignableSchema = z
  .looseObject({
    type: z.string(),
    condition: z.string().optional(),
    relation: z.string().optional(),
    wildcard: z.unknown().optional(),
  })
  .transform(({ type, condition, relation, wildcard }): Assignable => {
    const everybody = wildcard !== undefined
    const spelled = `${type}${everybody ? ':*' : ''}${relation ? `#${relation}` : ''}`
    return {
      type,
      everybody,
      relation: relation || undefined,
      condition: condition || undefined,
      text: `${spelled}${condition ? ` with ${condition}` : ''}`,
    }
  })
const typeSchema = z.looseObject({
  type: z.string(),
  relations: z.record(z.string(), z.unknown()).default({}),
  metadata: sourceSchema
    .extend({
      relations: z
        .record(z.string(), sourceSchema.extend({ directly_related_user_types: z.array(assignableSchema).default([]) }))
        .default({}),
    })
    .optional(),
})
/** `TYPE_NAME_LIST` is `list`. */
const typeNameSchema = z.string().transform((name, context): ParameterType => {
  const type = PARAMETER_TYPES.find((known) => `TYPE_NAME_${known.toUpperCase()}` === name)
  if (type) return type
  context.addIssue({ code: 'custom', message: `unknown parameter type ${name}` })
  return z.NEVER
})
/** The language has no lists of lists, so that items have a simple type. */
const parameterSchema = z
  .looseObject({
    type_name: typeNameSchema,
    generic_types: z.array(z.looseObject({ type_name: typeNameSchema })).default([]),
  })
  .transform(({ type_name: type, generic_types: [item] }) => ({ type, of: item?.type_name }))
const conditionSchema = z.looseObject({
  parameters: z.record(z.string(), parameterSchema).default({}),
  metadata: sourceSchema.optional(),
})
type Condition = z.infer<typeof conditionSchema>
const modelSchema = z.looseObject({
  type_definitions: z.array(typeSchema),
  conditions: z.record(z.string(), conditionSchema).default({}),
})

function describeModel(model: object, sources: readonly ModelFile[]): ModelDescription {
  const { type_definitions: types, conditions } = modelSchema.parse(model)
  const files = new Map<string, string>()
  const relations = new Map<string, RelationDescription>()
  for (const { type, relations: named, metadata } of types) {
    const file = metadata?.source_info?.file ?? ''
    files.set(type, file)
    for (const name of Object.keys(named)) {
      const about = metadata?.relations[name]
      const assignable = about?.directly_related_user_types ?? []
      relations.set(`${type}#${name}`, { file: about?.source_info?.file ?? file, assignable })
    }
  }
  return {
    files,
    relation: (type, name) => relations.get(`${type}#${name}`),
    relationsOf: (type) => Object.keys(types.find((one) => one.type === type)?.relations ?? {}),
    conditions: new Map(
      Object.entries(conditions).map(([name, condition]) => [name, describeCondition(name, condition, sources)]),
    ),
  }
}

function describeCondition(
  name: string,
  { parameters, metadata }: Condition,
  sources: readonly ModelFile[],
): ConditionDescription {
  const file = metadata?.source_info?.file ?? ''
  const source = sources.find((one) => one.name === file)?.contents ?? ''
  return {
    file,
    parameters: new Map(
      Object.entries(parameters).map(([parameter, type]) => [
        parameter,
        { ...type, line: lineOf(source, name, parameter) },
      ]),
    ),
  }
}

/** The first line of the condition that names the parameter, counted from 1. */
function lineOf(source: string, condition: string, parameter: string): number {
  const lines = source.split('\n')
  const begin = Math.max(
    0,
    lines.findIndex((line) => new RegExp(`^\\s*condition\\s+${RegExp.escape(condition)}\\b`, 'u').test(line)),
  )
  const at = lines.findIndex(
    (line, index) => index >= begin && new RegExp(`\\b${RegExp.escape(parameter)}\\b`, 'u').test(line),
  )
  return (at < 0 ? begin : at) + 1
}
