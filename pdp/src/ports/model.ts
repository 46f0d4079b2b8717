/**
 * A compiled authorization model as policies look at it, whichever engine compiled it: its types, what may be stored in each relation, and
 * its conditions with their parameters.
 *
 * @module
 */

/** One kind of subject that may be stored in a relation, and under which condition. */
export interface Assignable {
  readonly type: string
  /** Every subject of the type at once; stored under the id `*`. */
  readonly everybody: boolean
  /** Set: the members of this relation of the subject, instead of the subject itself. */
  readonly relation: string | undefined
  readonly condition: string | undefined
  /** As the model's source spells it, for messages. */
  readonly text: string
}

export interface RelationDescription {
  /** The source file that declares it: `core.fga`, `travel/model.fga`. */
  readonly file: string
  readonly assignable: readonly Assignable[]
}

/** The type of a condition's parameter. */
export const PARAMETER_TYPES = [
  'string',
  'bool',
  'double',
  'int',
  'uint',
  'list',
  'map',
  'timestamp',
  'duration',
  'ipaddress',
  'any',
] as const
export type ParameterType = (typeof PARAMETER_TYPES)[number]

export interface Parameter {
  readonly type: ParameterType
  /** Of a `list` or `map`: the type of its items. */
  readonly of?: ParameterType | undefined
  /** The line of the source file that names it, counted from 1. */
  readonly line: number
}

export interface ConditionDescription {
  /** The source file that declares it. */
  readonly file: string
  readonly parameters: ReadonlyMap<string, Parameter>
}

/** Everything that policies may ask of a compiled model. */
export interface ModelDescription {
  /** The source file that declares each type. */
  readonly files: ReadonlyMap<string, string>
  /** @returns `undefined` where the type, or its relation, is not declared. */
  relation(type: string, name: string): RelationDescription | undefined
  /** The names of a type's relations; none for a type that is not declared. */
  relationsOf(type: string): readonly string[]
  readonly conditions: ReadonlyMap<string, ConditionDescription>
}

/** One source file of a model. */
export interface ModelFile {
  /** As messages name it: `core.fga`, `travel/model.fga`. */
  readonly name: string
  readonly contents: string
}

/** A model that compiles. */
export interface CompiledModel {
  readonly description: ModelDescription
  /** The model in the engine's own format. Only the engine that compiled it interprets it. */
  readonly program: object
}

/**
 * Compiles the source files of one model.
 *
 * @returns The model, or what is wrong with it: one message a mistake, each beginning with `file:line: `.
 */
export type CompileModel = (files: readonly ModelFile[]) => CompiledModel | { readonly problems: readonly string[] }
