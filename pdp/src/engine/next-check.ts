/**
 * Parts of a model that OpenFGA's next Check algorithm (the weighted graph) refuses, or answers otherwise than today's. OpenFGA 1.22.1 falls back to
 * today's algorithm for them; later releases will not. Pure.
 *
 * @see {@link https://openfga.dev/blog/weighted-graph-upcoming-changes OpenFGA's move to weighted graph resolution}
 * @module
 */
import { type ModelJson, parseModel, type RewriteJson, type TypeJson } from './model-json.ts'

/** `refused`: models with it will not be accepted. `questions`: only questions about sets or everybody are affected, which the PDP never asks. */
export interface NextCheckFinding {
  readonly level: 'refused' | 'questions'
  readonly type: string
  readonly relation: string
  readonly message: string
}

interface Place {
  readonly type: string
  readonly name: string
  readonly rewrite: RewriteJson
}

/** Lists what the next algorithm refuses. A model that does not parse has none: it is refused by today's. */
export function nextCheckFindings(model: unknown): readonly NextCheckFinding[] {
  const parsed = parseModel(model)
  return 'problems' in parsed ? [] : new Graph(parsed.model).findings()
}

const PURE_QUESTIONS = "the PDP's questions are about one subject each, and do not change"

class Graph {
  readonly #types: ReadonlyMap<string, TypeJson>
  /** Relations as `type#name`. */
  readonly #places = new Map<string, Place>()
  readonly #subjects = new Map<string, ReadonlySet<string>>()

  constructor({ type_definitions: types }: ModelJson) {
    this.#types = new Map(types.map((type) => [type.type, type]))
    for (const { type, relations } of types)
      for (const [name, rewrite] of Object.entries(relations))
        this.#places.set(`${type}#${name}`, { type, name, rewrite })
    this.#findSubjects()
  }

  findings(): readonly NextCheckFinding[] {
    return [...this.#places.values()].flatMap((place) => [
      ...this.#missing(place),
      ...this.#cycles(place),
      ...this.#sides(place),
      ...this.#exclusions(place),
      ...this.#sets(place),
    ])
  }

  /** `member from parent`, where a type that may be a parent has no member. */
  #missing({ type, name, rewrite }: Place): readonly NextCheckFinding[] {
    return parts(rewrite).flatMap((part) => {
      if (!('tupleToUserset' in part)) return []
      const { tupleset, computedUserset } = part.tupleToUserset
      const wanted = computedUserset.relation
      return this.#restrictions(type, tupleset.relation)
        .filter((one) => !this.#places.has(`${one.type}#${wanted}`))
        .map((one) =>
          found(
            'refused',
            { type, name },
            `"${wanted} from ${tupleset.relation}" needs a relation ${wanted} of ${one.type}; define it there, even if only as an alias`,
          ),
        )
    })
  }

  /** `and` or `but not` in a relation that leads back to itself. */
  #cycles(place: Place): readonly NextCheckFinding[] {
    const key = `${place.type}#${place.name}`
    const operators = parts(place.rewrite).filter((part) => 'intersection' in part || 'difference' in part)
    const words = new Set(
      operators.flatMap((part) =>
        this.#reaches(this.#next(place.type, place.name, part), key)
          ? ['intersection' in part ? 'and' : 'but not']
          : [],
      ),
    )
    return [...words].map((word) =>
      found(
        'refused',
        place,
        `"${word}" is part of a relation that leads back to itself; leave the recursion to one relation, and use "${word}" in another one on top of it`,
      ),
    )
  }

  /** `and` between sides that no type of subject has in common. */
  #sides(place: Place): readonly NextCheckFinding[] {
    const isOfNone = parts(place.rewrite).some(
      (part) => 'intersection' in part && this.#subjectsOf(place, part).size === 0,
    )
    if (!isOfNone) return []
    return [found('refused', place, 'no type of subject is on every side of "and", so that nobody can have it')]
  }

  #exclusions(place: Place): readonly NextCheckFinding[] {
    const isOfSets = parts(place.rewrite).some(
      (part) => 'difference' in part && this.#holdsSets(place, part.difference.base, new Set()),
    )
    if (!isOfSets) return []
    const message = `"but not" over a set or everybody: a question whether a set or everybody has it will be an error; ${PURE_QUESTIONS}`
    return [found('questions', place, message)]
  }

  /** Sets that are stored under the name of an alias, and sets of the relation itself. */
  #sets(place: Place): readonly NextCheckFinding[] {
    return this.#restrictions(place.type, place.name).flatMap(({ type, relation }) => {
      if (relation === undefined) return []
      const alias = this.#places.get(`${type}#${relation}`)?.rewrite
      if (alias && 'computedUserset' in alias)
        return [
          found(
            'questions',
            place,
            `${type}#${relation} is an alias of ${alias.computedUserset.relation}: a question about ${type}#${alias.computedUserset.relation} will not find what is stored for ${type}#${relation}; ${PURE_QUESTIONS}`,
          ),
        ]
      if (type !== place.type || relation !== place.name) return []
      return [
        found(
          'questions',
          place,
          `a question whether ${type}:x#${relation} has ${relation} on ${type}:x itself will be answered from stored facts only; ${PURE_QUESTIONS}`,
        ),
      ]
    })
  }

  #holdsSets(place: Pick<Place, 'type' | 'name'>, rewrite: RewriteJson, seen: Set<string>): boolean {
    return parts(rewrite).some((part) => {
      if ('this' in part)
        return this.#restrictions(place.type, place.name).some((one) => one.relation !== undefined || one.wildcard)
      if (!('computedUserset' in part)) return false
      const next = this.#places.get(`${place.type}#${part.computedUserset.relation}`)
      if (!next || seen.has(next.name)) return false
      seen.add(next.name)
      return this.#holdsSets(next, next.rewrite, seen)
    })
  }

  #restrictions(type: string, relation: string) {
    return this.#types.get(type)?.metadata?.relations?.[relation]?.directly_related_user_types ?? []
  }

  /** The relations that a rewrite rule leads to. */
  #next(type: string, name: string, rewrite: RewriteJson): readonly string[] {
    return parts(rewrite).flatMap((part) => {
      if ('this' in part)
        return this.#restrictions(type, name).flatMap((one) => (one.relation ? [`${one.type}#${one.relation}`] : []))
      if ('computedUserset' in part) return [`${type}#${part.computedUserset.relation}`]
      if (!('tupleToUserset' in part)) return []
      const { tupleset, computedUserset } = part.tupleToUserset
      return this.#restrictions(type, tupleset.relation).map((one) => `${one.type}#${computedUserset.relation}`)
    })
  }

  #reaches(from: readonly string[], wanted: string): boolean {
    const seen = new Set<string>()
    const open = [...from]
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      if (key === wanted) return true
      const place = this.#places.get(key)
      if (!place || seen.has(key)) continue
      seen.add(key)
      open.push(...this.#next(place.type, place.name, place.rewrite))
    }
    return false
  }

  /** The types of subjects that can have each relation: grows from nothing until nothing is added. */
  #findSubjects(): void {
    let hasGrown = true
    while (hasGrown) {
      hasGrown = false
      for (const [key, place] of this.#places) {
        const subjects = this.#subjectsOf(place, place.rewrite)
        if (subjects.size === (this.#subjects.get(key)?.size ?? 0)) continue
        this.#subjects.set(key, subjects)
        hasGrown = true
      }
    }
  }

  #subjectsOf(place: Pick<Place, 'type' | 'name'>, rewrite: RewriteJson): ReadonlySet<string> {
    const of = (key: string): ReadonlySet<string> => this.#subjects.get(key) ?? new Set()
    const { type, name } = place
    if ('this' in rewrite)
      return joined(
        this.#restrictions(type, name).map((one) =>
          one.relation ? of(`${one.type}#${one.relation}`) : new Set([one.type]),
        ),
      )
    if ('union' in rewrite) return joined(rewrite.union.child.map((child) => this.#subjectsOf(place, child)))
    if ('difference' in rewrite) return this.#subjectsOf(place, rewrite.difference.base)
    if ('intersection' in rewrite)
      return rewrite.intersection.child
        .map((child) => this.#subjectsOf(place, child))
        .reduce((common, one) => common.intersection(one))
    return joined(this.#next(type, name, rewrite).map(of))
  }
}

const joined = (sets: readonly ReadonlySet<string>[]): ReadonlySet<string> => new Set(sets.flatMap((set) => [...set]))

/** A rewrite rule and all rules in it. */
function parts(rewrite: RewriteJson): readonly RewriteJson[] {
  if ('union' in rewrite) return [rewrite, ...rewrite.union.child.flatMap(parts)]
  if ('intersection' in rewrite) return [rewrite, ...rewrite.intersection.child.flatMap(parts)]
  if ('difference' in rewrite)
    return [rewrite, ...parts(rewrite.difference.base), ...parts(rewrite.difference.subtract)]
  return [rewrite]
}

const found = (
  level: NextCheckFinding['level'],
  { type, name }: Pick<Place, 'type' | 'name'>,
  message: string,
): NextCheckFinding => ({ level, type, relation: name, message: `relation ${name} of ${type}: ${message}` })
