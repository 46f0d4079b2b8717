/**
 * An authorization model of OpenFGA in compiled form: relations refer to each other by object, conditions are compiled.
 *
 * @module
 */
import { Condition } from './condition.ts'
import { type ModelJson, parseModel, type RewriteJson, type TypeJson } from './model-json.ts'

export type Rewrite =
  | { readonly kind: 'direct' }
  | { readonly kind: 'computed'; readonly relation: RelationNode }
  | { readonly kind: 'from'; readonly tupleset: RelationNode; readonly computed: string }
  | { readonly kind: 'union' | 'intersection'; readonly children: readonly Rewrite[] }
  | { readonly kind: 'difference'; readonly base: Rewrite; readonly subtract: Rewrite }

/** Conditions under which one kind of user may be stored; `''` and `undefined`: without one. */
export type Conditions = ReadonlyMap<string, Condition | undefined>

export class RelationNode {
  readonly type: string
  readonly name: string
  /** What the names of its objects begin with: `doc:`. */
  readonly prefix: string
  /** What may be stored, by kind of user: `user`, `user:*`, `group#member`. */
  readonly allowed = new Map<string, Map<string, Condition | undefined>>()
  /** Whether usersets, such as `group#member`, may be stored. */
  hasUsersets = false
  /** Kinds of users from which the model has a path to this relation, in the form of {@link allowed}. */
  readonly sources = new Set<string>()
  /** Assigned once all relations exist. */
  rewrite: Rewrite = { kind: 'direct' }

  constructor(type: string, name: string) {
    this.type = type
    this.name = name
    this.prefix = `${type}:`
  }

  /** Whether no other relation is asked to answer this one. */
  get isLeaf(): boolean {
    return this.rewrite.kind === 'direct' && !this.hasUsersets
  }

  /**
   * The kinds of users of a relation that the tuple of a pair alone answers: no wildcards, no usersets, no rewrite rule. `undefined` for any other.
   */
  pairs: readonly PairKind[] | undefined
}

interface PairKind {
  /** What the names of its users begin with: `user:`. */
  readonly prefix: string
  readonly conditions: Conditions
}

/** Relations by type, then by name. */
export type Relations = ReadonlyMap<string, ReadonlyMap<string, RelationNode>>

export interface CompiledModel {
  readonly relations: Relations
  /** What this engine does not evaluate, one line each; questions that depend on it are left to OpenFGA. */
  readonly refused: readonly string[]
}

/** @returns What is wrong with the model's JSON instead; OpenFGA would not take it either. */
export function compileModel(json: unknown): CompiledModel | { readonly problems: readonly string[] } {
  const parsed = parseModel(json)
  if ('problems' in parsed) return parsed
  const { model } = parsed
  const conditions = new Map(
    Object.entries(model.conditions).map(([name, condition]) => [name, new Condition(name, condition)]),
  )
  const relations = declareRelations(model)
  const problems: string[] = []
  for (const type of model.type_definitions) {
    for (const [name, rewrite] of Object.entries(type.relations)) {
      const node = relations.get(type.type)?.get(name)
      if (!node) continue
      problems.push(...allow(node, type, conditions))
      node.rewrite = resolveRewrite(rewrite, node, relations, problems)
    }
  }
  if (problems.length > 0) return { problems }
  findSources(relations)
  for (const ofType of relations.values()) for (const node of ofType.values()) node.pairs = pairsOf(node)
  const refused = [...conditions.values()].flatMap(({ name, refused: reason }) =>
    reason === undefined ? [] : [`condition ${name}: ${reason}`],
  )
  return { relations, refused }
}

function declareRelations({ type_definitions: types }: ModelJson): Relations {
  return new Map(
    types.map(({ type, relations }) => [
      type,
      new Map(Object.keys(relations).map((name) => [name, new RelationNode(type, name)])),
    ]),
  )
}

/** Notes what may be stored in a relation. */
function allow(node: RelationNode, type: TypeJson, conditions: ReadonlyMap<string, Condition>): readonly string[] {
  const problems: string[] = []
  for (const restriction of type.metadata?.relations?.[node.name]?.directly_related_user_types ?? []) {
    const { relation, wildcard, condition = '' } = restriction
    const kind = `${restriction.type}${wildcard ? ':*' : ''}${relation ? `#${relation}` : ''}`
    if (relation) node.hasUsersets = true
    const compiled = conditions.get(condition)
    if (condition !== '' && !compiled) problems.push(`model: ${node.type}#${node.name}: no condition ${condition}`)
    const allowed = node.allowed.get(kind) ?? new Map<string, Condition | undefined>()
    node.allowed.set(kind, allowed.set(condition, compiled))
  }
  return problems
}

function resolveRewrite(json: RewriteJson, node: RelationNode, relations: Relations, problems: string[]): Rewrite {
  const resolve = (rewrite: RewriteJson): Rewrite => resolveRewrite(rewrite, node, relations, problems)
  const relation = (name: string): RelationNode => {
    const found = relations.get(node.type)?.get(name)
    if (!found) problems.push(`model: ${node.type}#${node.name}: no relation ${name}`)
    return found ?? node
  }
  if ('this' in json) return { kind: 'direct' }
  if ('computedUserset' in json) return { kind: 'computed', relation: relation(json.computedUserset.relation) }
  if ('tupleToUserset' in json) {
    const { tupleset, computedUserset } = json.tupleToUserset
    return { kind: 'from', tupleset: relation(tupleset.relation), computed: computedUserset.relation }
  }
  if ('union' in json) return { kind: 'union', children: json.union.child.map(resolve) }
  if ('intersection' in json) return { kind: 'intersection', children: json.intersection.child.map(resolve) }
  const { base, subtract } = json.difference
  return { kind: 'difference', base: resolve(base), subtract: resolve(subtract) }
}

/**
 * Finds the kinds of users from which each relation can be reached. OpenFGA denies a question without a path before it looks at any tuple, so that
 * no condition on the way is evaluated and can fail.
 */
function findSources(relations: Relations): void {
  const nodes = [...relations.values()].flatMap((ofType) => [...ofType.values()])
  for (const node of nodes) {
    node.sources.add(`${node.type}#${node.name}`)
    if (hasDirect(node.rewrite)) for (const kind of node.allowed.keys()) node.sources.add(kind)
  }
  const feeding = new Map(nodes.map((node) => [node, feeders(node, node.rewrite, relations)]))
  let hasGrown = true
  while (hasGrown) {
    hasGrown = false
    for (const [node, from] of feeding) {
      const before = node.sources.size
      for (const feeder of from) for (const kind of feeder.sources) node.sources.add(kind)
      if (node.sources.size > before) hasGrown = true
    }
  }
}

function pairsOf({ isLeaf, allowed }: RelationNode): readonly PairKind[] | undefined {
  if (!isLeaf || [...allowed.keys()].some((kind) => kind.endsWith(':*'))) return undefined
  return [...allowed].map(([kind, conditions]) => ({ prefix: `${kind}:`, conditions }))
}

function hasDirect(rewrite: Rewrite): boolean {
  if (rewrite.kind === 'difference') return hasDirect(rewrite.base) || hasDirect(rewrite.subtract)
  return 'children' in rewrite ? rewrite.children.some(hasDirect) : rewrite.kind === 'direct'
}

/** The relations that a relation's rewrite rule refers to. */
function feeders(node: RelationNode, rewrite: Rewrite, relations: Relations): readonly RelationNode[] {
  const find = (type: string, name: string): readonly RelationNode[] => {
    const found = relations.get(type)?.get(name)
    return found ? [found] : []
  }
  switch (rewrite.kind) {
    case 'direct':
      return [...node.allowed.keys()].flatMap((kind) => {
        const [type = '', relation] = kind.split('#')
        return relation === undefined ? [] : find(type, relation)
      })
    case 'computed':
      return [rewrite.relation]
    case 'from':
      return [...rewrite.tupleset.allowed.keys()].flatMap((kind) => find(typeOfKind(kind), rewrite.computed))
    case 'difference':
      return [rewrite.base, rewrite.subtract].flatMap((child) => feeders(node, child, relations))
    default:
      return rewrite.children.flatMap((child) => feeders(node, child, relations))
  }
}

const typeOfKind = (kind: string): string => /^[^:#]+/u.exec(kind)?.[0] ?? kind
