/**
 * Evaluates one question, as OpenFGA 1.22.1 does with its default strategy: a permit in one branch of a union outweighs errors in others, a denial in
 * one branch of an intersection likewise. A question that OpenFGA's strategies answer differently is {@link UNSUPPORTED}.
 *
 * @module
 */
import type { Tuple, TupleKey } from '../tuples/tuples.ts'
import type { ConditionFailure } from './condition.ts'
import {
  CYCLE,
  DENIED,
  either,
  FAILED,
  isDenial,
  LOOP,
  type Outcome,
  PERMITTED,
  UNSUPPORTED,
  WANTING,
  whicheverDenies,
} from './outcome.ts'
import type { Conditions, RelationNode, Relations, Rewrite } from './program.ts'

/** Tuples that are not in memory: all of a relation, or the one of a pair. */
export type Wanted =
  | { readonly kind: 'relation'; readonly object: string; readonly relation: string }
  | { readonly kind: 'pair'; readonly object: string; readonly relation: string; readonly user: string }

/** Stored tuples as the engine reads them. Absence is an answer; a tuple that is not in memory is {@link Wanted}. */
export interface TupleView {
  tuple(object: string, relation: string, user: string): Tuple | Wanted | undefined
  /** All tuples of a relation; `too many` where only pairs are kept. */
  all(object: string, relation: string): readonly Tuple[] | Wanted | 'too many'
}

export type Failure = ConditionFailure | { readonly reason: 'depth' }

type Context = Readonly<Record<string, unknown>>

export interface EvaluationOptions {
  readonly relations: Relations
  readonly view: TupleView
  readonly user: string
  readonly context: Context | undefined
  readonly contextualTuples: readonly Tuple[]
  readonly depthLimit: number
}

/** Relations that one question may visit; beyond that it is left to OpenFGA, which spreads it over threads and has a deadline. */
const MAX_VISITS = 2_000

/** `user`, `user:*` or `group#member`: the kind of a user, as type restrictions name it. */
export function kindOf(user: string): string {
  const colon = user.indexOf(':')
  const hash = user.indexOf('#', colon)
  const type = user.slice(0, colon)
  if (hash >= 0) return `${type}${user.slice(hash)}`
  return user.length === colon + 2 && user.endsWith('*') ? user : type
}

export const isWanted = (found: object): found is Wanted => 'kind' in found

/** Whether a tuple is one that the model allows, and its condition is met. */
export function counts(
  { condition }: Tuple,
  conditions: Conditions,
  context: Context | undefined,
): boolean | 'unsupported' | ConditionFailure {
  const name = condition?.name ?? ''
  const required = conditions.get(name)
  if (!required) return name === '' && conditions.has('')
  const result = required.evaluate(condition?.context, context)
  return result === 'invalid' ? false : result
}

/** What a subtracted branch contributes to an exclusion; a cycle denies it either way. */
const opposite = (outcome: Outcome): Outcome =>
  outcome === PERMITTED ? DENIED : outcome === DENIED ? PERMITTED : outcome

export class Evaluation {
  readonly wanted: Wanted[] = []
  failure: Failure | undefined
  readonly #relations: Relations
  readonly #view: TupleView
  readonly #user: string
  readonly #kind: string
  /** The wildcard that stands for the user too; `undefined` where the user is a userset or the wildcard itself. */
  readonly #wildcard: string | undefined
  readonly #isUserset: boolean
  readonly #context: Context | undefined
  readonly #contextual: readonly Tuple[]
  readonly #depthLimit: number
  #visits = 0
  /** How many exclusions subtract the branch that is being evaluated: only there it matters whether a denial comes from a cycle. */
  #subtractions = 0
  /** Questions that are being answered: relation and object in turn. */
  readonly #path: (RelationNode | string)[] = []

  constructor({ relations, view, user, context, contextualTuples, depthLimit }: EvaluationOptions) {
    this.#relations = relations
    this.#view = view
    this.#user = user
    this.#kind = kindOf(user)
    this.#isUserset = this.#kind.includes('#')
    this.#wildcard = this.#isUserset || this.#kind === user ? undefined : `${this.#kind}:*`
    this.#context = context
    this.#contextual = contextualTuples
    this.#depthLimit = depthLimit
  }

  /** Whether the user has the relation to the object. */
  resolve(node: RelationNode, object: string, depth: number): Outcome {
    if (depth >= this.#depthLimit) return this.#fail({ reason: 'depth' })
    if (this.#isUserset && this.#user === `${object}#${node.name}`) return PERMITTED
    if (node.isLeaf) return this.#direct(node, object, depth)
    if (!this.#hasPath(node)) return DENIED
    const cycle = this.#cycleTo(node, object)
    if (cycle !== DENIED) return cycle
    this.#visits += 1
    if (this.#visits > MAX_VISITS) return UNSUPPORTED
    this.#path.push(node, object)
    const outcome = this.#rewrite(node.rewrite, node, object, depth)
    this.#path.length -= 2
    return outcome
  }

  /** Everybody of a type has the paths of one user of it. */
  #hasPath({ sources }: RelationNode): boolean {
    if (this.#isUserset) return sources.has(this.#kind)
    const type = this.#kind.endsWith(':*') ? this.#kind.slice(0, -2) : this.#kind
    return sources.has(type) || sources.has(`${type}:*`)
  }

  #cycleTo(node: RelationNode, object: string): Outcome {
    let outcome: Outcome = LOOP
    for (let index = this.#path.length - 2; index >= 0; index -= 2) {
      if (this.#path[index] !== node) outcome = CYCLE
      else if (this.#path[index + 1] === object) return outcome
    }
    return DENIED
  }

  #fail(failure: Failure): Outcome {
    this.failure ??= failure
    return FAILED
  }

  #want(wanted: Wanted): Outcome {
    this.wanted.push(wanted)
    return WANTING
  }

  #rewrite(rewrite: Rewrite, node: RelationNode, object: string, depth: number): Outcome {
    switch (rewrite.kind) {
      case 'direct':
        return this.#direct(node, object, depth)
      case 'computed':
        return this.resolve(rewrite.relation, object, depth)
      case 'from':
        return this.#from(rewrite.tupleset, rewrite.computed, object, depth)
      case 'union': {
        let outcome: Outcome = DENIED
        for (const child of rewrite.children) {
          outcome = either(outcome, this.#rewrite(child, node, object, depth))
          if (outcome === PERMITTED) return PERMITTED
        }
        return outcome
      }
      case 'intersection': {
        let outcome: Outcome = PERMITTED
        for (const child of rewrite.children) {
          const one = this.#rewrite(child, node, object, depth)
          if (isDenial(one) && this.#subtractions === 0) return one
          outcome = isDenial(one) || isDenial(outcome) ? whicheverDenies(outcome, one) : one > outcome ? one : outcome
        }
        return outcome
      }
      case 'difference':
        return this.#difference(rewrite.base, rewrite.subtract, node, object, depth)
    }
  }

  #difference(base: Rewrite, subtract: Rewrite, node: RelationNode, object: string, depth: number): Outcome {
    const from = this.#rewrite(base, node, object, depth)
    if (isDenial(from) && this.#subtractions === 0) return from
    this.#subtractions += 1
    const without = this.#rewrite(subtract, node, object, depth)
    this.#subtractions -= 1
    // Nothing subtracted leaves it to the base, as a permit of an intersection does; what is subtracted is a denial.
    if (isDenial(from)) return whicheverDenies(from, opposite(without))
    if (without === PERMITTED) return DENIED
    if (without === LOOP) return from === WANTING ? WANTING : UNSUPPORTED
    if (without === CYCLE) return CYCLE
    return without > from ? without : from
  }

  /** Tuples of the relation itself: of the user, of everybody, of usersets. */
  #direct(node: RelationNode, object: string, depth: number): Outcome {
    let outcome: Outcome = DENIED
    const ofUser = node.allowed.get(this.#kind)
    if (ofUser) {
      outcome = this.#pair(node, object, this.#user, ofUser)
      if (outcome === PERMITTED) return PERMITTED
    }
    const wildcard = this.#wildcard
    const ofEverybody = wildcard === undefined ? undefined : node.allowed.get(wildcard)
    if (ofEverybody && wildcard !== undefined) {
      outcome = either(outcome, this.#pair(node, object, wildcard, ofEverybody))
      if (outcome === PERMITTED) return PERMITTED
    }
    return node.hasUsersets ? either(outcome, this.#usersets(node, object, depth)) : outcome
  }

  #pair(node: RelationNode, object: string, user: string, conditions: Conditions): Outcome {
    for (const tuple of this.#contextual)
      if (tuple.object === object && tuple.relation === node.name && tuple.user === user) {
        const outcome = this.#counts(tuple, conditions)
        // The tuple of one user replaces the stored one; that of everybody stands beside it.
        if (outcome === PERMITTED || user === this.#user) return outcome
      }
    const found = this.#view.tuple(object, node.name, user)
    if (found === undefined) return DENIED
    return isWanted(found) ? this.#want(found) : this.#counts(found, conditions)
  }

  #counts(tuple: Tuple, conditions: Conditions): Outcome {
    const result = counts(tuple, conditions, this.#context)
    if (result === true) return PERMITTED
    if (result === false) return DENIED
    return result === 'unsupported' ? UNSUPPORTED : this.#fail(result)
  }

  #usersets(node: RelationNode, object: string, depth: number): Outcome {
    const tuples = this.#all(object, node.name)
    if (typeof tuples === 'number') return tuples
    return this.#eachTuple(tuples, node, (user, kind) => {
      const hash = user.indexOf('#')
      if (hash < 0) return undefined
      const next = this.#relations.get(kind.slice(0, kind.indexOf('#')))?.get(user.slice(hash + 1))
      return () => (next ? this.resolve(next, user.slice(0, hash), depth + 1) : DENIED)
    })
  }

  #from(tupleset: RelationNode, computed: string, object: string, depth: number): Outcome {
    const tuples = this.#all(object, tupleset.name)
    if (typeof tuples === 'number') return tuples
    return this.#eachTuple(tuples, tupleset, (user, kind) => {
      if (kind.includes('#') || kind === user) return undefined
      const next = this.#relations.get(kind)?.get(computed)
      return () => (next ? this.resolve(next, user, depth + 1) : DENIED)
    })
  }

  #all(object: string, relation: string): readonly Tuple[] | Outcome {
    const found = this.#view.all(object, relation)
    if (found === 'too many') return UNSUPPORTED
    if (!Array.isArray(found)) return this.#want(found as Wanted)
    const isOfRelation = (tuple: TupleKey) => tuple.object === object && tuple.relation === relation
    const contextual = this.#contextual.filter(isOfRelation)
    return contextual.length > 0 ? [...contextual, ...found] : found
  }

  /**
   * The union over tuples that lead on. OpenFGA forgets the error of a tuple's condition when another tuple's is met, depending on its strategy: where
   * that decides, the question is left to OpenFGA.
   */
  #eachTuple(
    tuples: readonly Tuple[],
    node: RelationNode,
    follow: (user: string, kind: string) => (() => Outcome) | undefined,
  ): Outcome {
    let outcome: Outcome = DENIED
    let hasValid = false
    let hasFailed = false
    for (const tuple of tuples) {
      const kind = kindOf(tuple.user)
      const conditions = node.allowed.get(kind)
      const next = conditions && follow(tuple.user, kind)
      if (!next) continue
      const counted = this.#counts(tuple, conditions)
      if (counted === FAILED) hasFailed = true
      if (counted === UNSUPPORTED) outcome = either(outcome, UNSUPPORTED)
      if (counted !== PERMITTED) continue
      hasValid = true
      outcome = either(outcome, next())
      if (outcome === PERMITTED) return PERMITTED
    }
    if (!hasFailed) return outcome
    return either(outcome, hasValid ? UNSUPPORTED : FAILED)
  }
}
