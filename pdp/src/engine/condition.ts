/**
 * Conditions of a model, evaluated as OpenFGA 1.22.1 does: a tuple's stored values are merged over the request's, every declared parameter must have a
 * value, and a value of another type is an error. Two limits of OpenFGA are not applied: its cost limit, and its refusal of control characters.
 *
 * @module
 */
import { EvaluationError } from '@marcbachmann/cel-js'
import { compileExpression, type InstantRange } from './cel.ts'
import { KNOWN_CONDITIONS, type KnownCondition } from './known-conditions.ts'
import type { ConditionJson } from './model-json.ts'
import { type CelValue, conversionOf, INEXACT, INVALID, type ParameterConversion } from './parameters.ts'

type Context = Readonly<Record<string, unknown>>

/** Why a condition has no result. */
export interface ConditionFailure {
  readonly reason: 'parameter' | 'refused'
  readonly condition: string
  /** Parameters that are missing or of another type. */
  readonly parameters: readonly string[]
}

/**
 * `invalid`: OpenFGA ignores the tuple, because it could not be written with this model. `unsupported`: this engine cannot tell; OpenFGA can.
 */
export type ConditionResult = boolean | 'invalid' | 'unsupported' | ConditionFailure

/** A tuple's stored context, checked and converted once. */
interface Stored {
  readonly state: 'valid' | 'invalid' | 'unsupported'
  readonly values: ReadonlyMap<string, CelValue>
  /** The function written ahead, where the condition has one for this context. */
  readonly holds: ((context: Context) => boolean | undefined) | undefined
}

const NO_CONTEXT: Context = {}
export class Condition {
  readonly name: string
  /** Why this engine does not evaluate the condition; questions that depend on it are left to OpenFGA. */
  readonly refused: string | undefined
  readonly #parameters = new Map<string, ParameterConversion>()
  readonly #evaluate: ((values: ReadonlyMap<string, unknown>) => unknown) | undefined
  /** The instants that the expression can be evaluated with; `undefined`: any. */
  readonly #instants: InstantRange | undefined
  readonly #known: KnownCondition | undefined
  readonly #stored = new WeakMap<object, Stored>()

  constructor(name: string, json: ConditionJson, known: ReadonlyMap<string, KnownCondition> = KNOWN_CONDITIONS) {
    this.name = name
    let unknownType: string | undefined
    for (const [parameter, type] of Object.entries(json.parameters)) {
      const conversion = conversionOf(type)
      if (conversion) this.#parameters.set(parameter, conversion)
      else unknownType = `parameter ${parameter} of type ${type.type_name}`
    }
    const types = new Map([...this.#parameters].map(([parameter, { celType }]) => [parameter, celType]))
    const compiled = unknownType ? { refused: unknownType } : compileExpression(json.expression, types)
    this.refused = 'refused' in compiled ? compiled.refused : undefined
    this.#evaluate = 'evaluate' in compiled ? compiled.evaluate : undefined
    this.#instants = 'evaluate' in compiled ? compiled.instants : undefined
    this.#known = knownForm(json.expression, types, known)
  }

  /** Whether a function written ahead is used instead of CEL, for values of the usual form. */
  get hasFunction(): boolean {
    return this.#known !== undefined
  }

  /** Evaluates the condition of one tuple. */
  evaluate(tupleContext: Context | null | undefined, requestContext: Context | undefined): ConditionResult {
    const stored = this.#storedOf(tupleContext ?? NO_CONTEXT)
    if (stored.state !== 'valid') return stored.state
    const holds = stored.holds?.(requestContext ?? NO_CONTEXT)
    if (holds !== undefined) return holds
    return this.#evaluateByCel(stored.values, requestContext ?? NO_CONTEXT)
  }

  /** Whether the condition can be evaluated with these stored values. */
  takes(tupleContext: Context | undefined): boolean {
    return this.#storedOf(tupleContext ?? NO_CONTEXT).state === 'valid'
  }

  #storedOf(context: Context): Stored {
    const remembered = this.#stored.get(context)
    if (remembered) return remembered
    const stored = this.#convertStored(context)
    this.#stored.set(context, stored)
    return stored
  }

  #convertStored(context: Context): Stored {
    const values = new Map<string, CelValue>()
    let state: Stored['state'] = this.#evaluate ? 'valid' : 'unsupported'
    for (const [name, value] of Object.entries(context)) {
      if (value === undefined) continue
      const converted = this.#convert(name, value)
      if (converted === INVALID) return { state: 'invalid', values, holds: undefined }
      if (converted === INEXACT) state = 'unsupported'
      else values.set(name, converted)
    }
    return { state, values, holds: state === 'valid' ? this.#known?.prepare(context) : undefined }
  }

  /** A parameter that is not declared is {@link INVALID}. */
  #convert(name: string, value: unknown): CelValue | typeof INVALID | typeof INEXACT {
    const parameter = this.#parameters.get(name)
    const converted = parameter ? parameter.convert(value) : INVALID
    return this.#instants && typeof converted !== 'symbol' && isBeyond(converted, this.#instants) ? INEXACT : converted
  }

  #evaluateByCel(stored: ReadonlyMap<string, CelValue>, context: Context): ConditionResult {
    const values = new Map(stored)
    const missing: string[] = []
    let isInexact = false
    for (const name of this.#parameters.keys()) {
      if (stored.has(name)) continue
      const value = Object.hasOwn(context, name) ? context[name] : undefined
      if (value === undefined) {
        missing.push(name)
        continue
      }
      const converted = this.#convert(name, value)
      if (converted === INVALID) return { reason: 'parameter', condition: this.name, parameters: [name] }
      if (converted === INEXACT) isInexact = true
      else values.set(name, converted)
    }
    if (isInexact) return 'unsupported'
    return missing.length > 0 ? this.#runPartly(values, missing.sort()) : this.#run(values)
  }

  /** OpenFGA evaluates what it can before it reports what is missing, and an error in that is reported instead. */
  #runPartly(values: ReadonlyMap<string, CelValue>, missing: readonly string[]): ConditionResult {
    try {
      this.#evaluate?.(values)
    } catch (error) {
      const isMissing = error instanceof EvaluationError && error.code === 'unknown_variable'
      if (!isMissing) return 'unsupported'
    }
    return { reason: 'parameter', condition: this.name, parameters: missing }
  }

  #run(values: ReadonlyMap<string, CelValue>): ConditionResult {
    try {
      const result = this.#evaluate?.(values)
      return typeof result === 'boolean' ? result : 'unsupported'
    } catch {
      return { reason: 'refused', condition: this.name, parameters: [] }
    }
  }
}

/** Whether a value is, or holds, an instant outside of the range. */
function isBeyond(value: CelValue, range: InstantRange): boolean {
  if (value instanceof Date) return value.getTime() < range.earliest || value.getTime() > range.latest
  if (Array.isArray(value)) return value.some((item) => isBeyond(item, range))
  return value instanceof Map && [...value.values()].some((item) => isBeyond(item, range))
}

/** The function written ahead for exactly this expression with exactly these parameters. */
function knownForm(
  expression: string,
  types: ReadonlyMap<string, string>,
  known: ReadonlyMap<string, KnownCondition>,
): KnownCondition | undefined {
  const found = known.get(expression.trim())
  if (!found || found.parameters.size !== types.size) return undefined
  return [...types].every(([name, type]) => found.parameters.get(name) === type) ? found : undefined
}
