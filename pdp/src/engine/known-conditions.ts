/**
 * Functions written ahead for the conditions of the core model, which every decision evaluates. Each is used only for exactly the expression and the
 * parameter types that it was written for, and answers only for values of the usual form; anything else is evaluated by CEL.
 *
 * @module
 */

type Context = Readonly<Record<string, unknown>>

export interface KnownCondition {
  /** The CEL type of each parameter that the model must declare. */
  readonly parameters: ReadonlyMap<string, string>
  /**
   * Reads the stored context, whose values have the declared types, once per tuple.
   *
   * @returns Whether the condition holds in a request's context; both functions return `undefined` for CEL to decide.
   */
  readonly prepare: (stored: Context) => ((context: Context) => boolean | undefined) | undefined
}

/** Expression to function. */
export const KNOWN_CONDITIONS: ReadonlyMap<string, KnownCondition> = new Map()
