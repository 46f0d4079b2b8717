/**
 * The engine: answers questions about an authorization model of OpenFGA from tuples in memory. Pure and synchronous; it reads no clock.
 *
 * @module
 */
import { Unanswered } from '../ports/answer.ts'
import type { Tuple } from '../tuples/tuples.ts'
import { counts, Evaluation, type Failure, isWanted, kindOf, type TupleView, type Wanted } from './evaluation.ts'
import { FAILED, isDenial, type Outcome, PERMITTED, UNSUPPORTED } from './outcome.ts'
import { compileModel, type RelationNode, type Relations } from './program.ts'

export type { TupleView, Wanted } from './evaluation.ts'

export interface EngineQuestion {
  readonly user: string
  readonly relation: string
  readonly object: string
  readonly context?: Readonly<Record<string, unknown>> | undefined
  readonly contextualTuples?: readonly Tuple[] | undefined
}

/**
 * `Unanswered`: an error that OpenFGA reports too. `Wanted[]`: the tuples without which there is no answer, for this round; with them there may be
 * more. `ask the store`: something that this engine does not evaluate decides the question.
 */
export type EngineAnswer = boolean | Unanswered | readonly Wanted[] | 'ask the store'

export interface ProgramOptions {
  /** `OPENFGA_RESOLVE_NODE_LIMIT` of OpenFGA: how many objects a question may pass from one to the next. @default 50 */
  readonly depthLimit?: number
}

/** What Mandate's own OpenFGA runs with; see `openfga/limits.ts`. */
const DEPTH_LIMIT = 50
const NO_TUPLES: readonly Tuple[] = []

/** A compiled authorization model. */
export class Program {
  /** What this engine does not evaluate, one line each; questions that depend on it are answered by `ask the store`. */
  readonly refused: readonly string[]
  readonly #relations: Relations
  /** Relations by name: a comparison of prefixes is cheaper than cutting the type out of an object's name. */
  readonly #byName: ReadonlyMap<string, readonly RelationNode[]>
  readonly #depthLimit: number

  constructor(relations: Relations, refused: readonly string[], { depthLimit = DEPTH_LIMIT }: ProgramOptions) {
    this.#relations = relations
    this.#byName = Map.groupBy(
      [...relations.values()].flatMap((ofType) => [...ofType.values()]),
      ({ name }) => name,
    )
    this.refused = refused
    this.#depthLimit = depthLimit
  }

  /** Whether the user has the relation to the object. */
  check(view: TupleView, question: EngineQuestion): EngineAnswer {
    const { user, object, context, contextualTuples = NO_TUPLES } = question
    const node = this.#relation(object, question.relation)
    if (node?.pairs && contextualTuples.length === 0) {
      const answer = checkPair(view, question, node.pairs)
      if (answer !== undefined) return answer
    }
    if (!node || !this.#isUser(user))
      return new Unanswered('refused', `the model has no ${question.relation} of ${typeOf(object)} for ${typeOf(user)}`)
    if (!contextualTuples.every((tuple) => this.#isAllowed(tuple)))
      return new Unanswered('refused', 'the model does not allow a contextual tuple')
    const options = { relations: this.#relations, view, user, context, contextualTuples, depthLimit: this.#depthLimit }
    const evaluation = new Evaluation(options)
    return answerOf(evaluation.resolve(node, object, 0), evaluation)
  }

  /**
   * Why a tuple must not be stored: the model does not allow it, or its condition could not be evaluated with the stored values, or OpenFGA would refuse it.
   *
   * @returns `undefined` for a tuple that may be stored.
   */
  objectionTo(tuple: Tuple): string | undefined {
    const { user, relation, object, condition } = tuple
    if (!this.#isAllowed(tuple)) {
      const under = condition ? ` with ${condition.name}` : ''
      return `the model does not allow ${relation} of ${typeOf(object)} for ${kindOf(user)}${under}`
    }
    if (user === `${object}#${relation}`)
      return `${relation} of a ${typeOf(object)} for everyone who has it: that is so without a tuple`
    if (!isStorable(condition?.context))
      return `a stored value of condition ${condition?.name} has control characters or is not well-formed Unicode`
    const compiled = this.#relation(object, relation)
      ?.allowed.get(kindOf(user))
      ?.get(condition?.name ?? '')
    if (!compiled || compiled.takes(condition?.context)) return undefined
    return `a stored value of condition ${compiled.name} is of another type or precision than this engine evaluates`
  }

  /** Whether the model allows a tuple to be written, the values of its condition apart. */
  #isAllowed({ user, relation, object, condition }: Tuple): boolean {
    return (
      this.#relation(object, relation)
        ?.allowed.get(kindOf(user))
        ?.has(condition?.name ?? '') ?? false
    )
  }

  #relation(object: string, relation: string): RelationNode | undefined {
    const nodes = this.#byName.get(relation)
    if (nodes) for (const node of nodes) if (object.startsWith(node.prefix)) return node
    return undefined
  }

  /** Whether the type, and the relation of a userset, is declared. */
  #isUser(user: string): boolean {
    const relations = this.#relations.get(typeOf(user))
    const hash = user.indexOf('#')
    return relations !== undefined && (hash < 0 || relations.has(user.slice(hash + 1)))
  }
}

/** Whether OpenFGA stores a value in the context of a condition. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return storableText(value)
  if (Array.isArray(value)) return value.every(isStorable)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, one]) => storableText(name) && isStorable(one))
}

const storableText = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text)

const typeOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf(':')))

/**
 * The answer of a relation whose tuple of the pair alone decides: by far the most frequent question.
 *
 * @returns `undefined` for a user of a kind that the relation does not name.
 */
function checkPair(
  view: TupleView,
  { user, relation, object, context }: EngineQuestion,
  pairs: NonNullable<RelationNode['pairs']>,
): EngineAnswer | undefined {
  for (const { prefix, conditions } of pairs) {
    if (!user.startsWith(prefix) || user.includes('#') || user.endsWith(':*')) continue
    const found = view.tuple(object, relation, user)
    if (found === undefined) return false
    if (isWanted(found)) return [found]
    const result = counts(found, conditions, context)
    if (typeof result === 'boolean') return result
    return result === 'unsupported' ? 'ask the store' : unanswered(result)
  }
  return undefined
}

function answerOf(outcome: Outcome, { failure, wanted }: Evaluation): EngineAnswer {
  if (outcome === PERMITTED) return true
  if (isDenial(outcome)) return false
  if (outcome === UNSUPPORTED) return 'ask the store'
  return outcome === FAILED && failure ? unanswered(failure) : wanted
}

function unanswered(failure: Failure): Unanswered {
  if (failure.reason === 'depth') return new Unanswered('depth', 'a question is deeper than OPENFGA_RESOLVE_NODE_LIMIT')
  const { reason, condition, parameters } = failure
  if (reason === 'refused') return new Unanswered('refused', `condition ${condition} fails`)
  return new Unanswered(reason, `condition ${condition} needs other values for ${parameters.join(', ')}`, parameters)
}

/**
 * Compiles a model from the JSON form that OpenFGA takes.
 *
 * @returns What is wrong with the JSON instead: one message per place.
 */
export function loadProgram(
  json: unknown,
  options: ProgramOptions = {},
): Program | { readonly problems: readonly string[] } {
  const model = compileModel(json)
  return 'problems' in model ? model : new Program(model.relations, model.refused, options)
}
