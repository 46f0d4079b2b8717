/**
 * Random authorization models with tuples and questions: every rewrite rule, wildcards, usersets, conditions, recursion, and a second model under which
 * some of the tuples count no more.
 *
 * @module
 */
import type { EngineQuestion } from '../../pdp/src/engine/engine.ts'
import type { Tuple } from '../../pdp/src/tuples/tuples.ts'
import { conditionJson, PARAMETERS } from './conditions.ts'
import { between, chance, type Gen, oneOf } from './draw.ts'

interface Restriction {
  readonly type: string
  readonly relation?: string
  readonly wildcard?: object
  readonly condition?: string
}
type Rewrite = Readonly<Record<string, unknown>>
interface Relation {
  readonly rewrite: Rewrite
  readonly restrictions: readonly Restriction[]
}
type Types = Readonly<Record<string, Readonly<Record<string, Relation>>>>

export interface ModelWorld {
  readonly model: object
  /** The same with some restrictions taken away: the tuples were written under the first. */
  readonly narrowed: object
  readonly tuples: readonly Tuple[]
}

/** Few parameters, so that the contexts of questions often have them all. None of them fails when it has its values. */
const CONDITIONS = {
  flag: ['b', 'b'],
  small: ['i j', 'i <= j'],
  named: ['s l', 's in l'],
  timely: ['t1 t2', 't1 < t2'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>
type ConditionName = keyof typeof CONDITIONS
const CONDITION_NAMES = Object.keys(CONDITIONS) as readonly ConditionName[]
const CONDITION_PARAMETERS = ['b', 'i', 'j', 's', 'l', 't1', 't2']

/** Types, and how many objects of each there are. */
const IDS: Readonly<Record<string, readonly string[]>> = {
  user: ['anne', 'ben', 'cleo'],
  agent: ['bot'],
  group: ['g1', 'g2', 'g3', 'g4'],
  folder: ['f1', 'f2', 'f3', 'f4'],
  doc: ['d1', 'd2', 'd3'],
}
const OBJECT_TYPES = ['group', 'folder', 'doc']
const RELATIONS = ['r0', 'r1', 'r2', 'r3']
const TUPLES = 45

const THIS: Rewrite = { this: {} }

/** Draws a world. The conditions of its tuples hold values that OpenFGA takes. */
export function drawModelWorld(gen: Gen): ModelWorld {
  const types: Record<string, Record<string, Relation>> = {}
  for (const type of OBJECT_TYPES) {
    types[type] = type === 'group' ? {} : { parent: { rewrite: THIS, restrictions: drawParents(gen, type) } }
    for (const [index, name] of RELATIONS.entries()) types[type][name] = drawRelation(gen, type, index)
  }
  return {
    model: modelJson(types, CONDITION_NAMES),
    narrowed: modelJson(narrow(gen, types), CONDITION_NAMES),
    tuples: drawTuples(gen, types),
  }
}

function drawParents(gen: Gen, type: string): readonly Restriction[] {
  const restrictions: Restriction[] = [drawCondition(gen, { type: 'folder' })]
  if (type === 'doc' && chance(gen, 40)) restrictions.push(drawCondition(gen, { type: 'group' }))
  if (chance(gen, 20)) restrictions.push({ type: 'folder', condition: oneOf(gen, CONDITION_NAMES) })
  return distinct(restrictions)
}

const drawCondition = (gen: Gen, restriction: Restriction): Restriction =>
  chance(gen, 25) ? { ...restriction, condition: oneOf(gen, CONDITION_NAMES) } : restriction

const distinct = (restrictions: readonly Restriction[]): readonly Restriction[] => [
  ...new Map(restrictions.map((one) => [JSON.stringify(one), one])).values(),
]

/** A relation refers to lower ones of its type, and to any of a parent or of a userset, itself included. */
function drawRelation(gen: Gen, type: string, index: number): Relation {
  const rewrite = index === 0 ? THIS : drawRewrite(gen, type, index, 2)
  if (!JSON.stringify(rewrite).includes('"this"')) return { rewrite, restrictions: [] }
  const restrictions: Restriction[] = [{ type: 'user' }]
  if (chance(gen, 30)) restrictions.push(drawCondition(gen, { type: 'user', wildcard: {} }))
  if (chance(gen, 30)) restrictions.push({ type: 'agent' })
  if (chance(gen, 40)) restrictions.push({ type: 'user', condition: oneOf(gen, CONDITION_NAMES) })
  if (chance(gen, 45)) restrictions.push(drawCondition(gen, { type: 'group', relation: oneOf(gen, RELATIONS) }))
  if (chance(gen, 20)) restrictions.push(drawCondition(gen, { type, relation: RELATIONS[index] ?? 'r0' }))
  if (chance(gen, 15)) restrictions.push({ type: 'folder' })
  return { rewrite, restrictions: distinct(restrictions) }
}

function drawRewrite(gen: Gen, type: string, index: number, depth: number): Rewrite {
  const lower = (): Rewrite => ({ computedUserset: { relation: oneOf(gen, RELATIONS.slice(0, index)) } })
  const from = (): Rewrite =>
    type === 'group'
      ? lower()
      : { tupleToUserset: { tupleset: { relation: 'parent' }, computedUserset: { relation: oneOf(gen, RELATIONS) } } }
  const kind = between(gen, 0, depth > 0 ? 9 : 4)
  if (kind <= 1) return THIS
  if (kind <= 2) return lower()
  if (kind <= 4) return from()
  const child = (): Rewrite => drawRewrite(gen, type, index, depth - 1)
  if (kind <= 6) return { union: { child: [THIS, child(), ...(chance(gen, 30) ? [child()] : [])] } }
  if (kind <= 7) return { intersection: { child: [child(), child()] } }
  return { difference: { base: child(), subtract: child() } }
}

/** Takes away restrictions, but leaves each relation one that needs no other. */
function narrow(gen: Gen, types: Types): Types {
  const narrowed = (name: string, { rewrite, restrictions }: Relation): Relation => ({
    rewrite,
    restrictions: restrictions.filter((_, index) => index === 0 || name === 'parent' || !chance(gen, 25)),
  })
  return Object.fromEntries(
    Object.entries(types).map(([type, relations]) => [
      type,
      Object.fromEntries(Object.entries(relations).map(([name, relation]) => [name, narrowed(name, relation)])),
    ]),
  )
}

function modelJson(types: Types, conditions: readonly ConditionName[]): object {
  const definitions = Object.entries(types).map(([type, relations]) => ({
    type,
    relations: Object.fromEntries(Object.entries(relations).map(([name, { rewrite }]) => [name, rewrite])),
    metadata: {
      relations: Object.fromEntries(
        Object.entries(relations).map(([name, { restrictions }]) => [
          name,
          { directly_related_user_types: restrictions },
        ]),
      ),
    },
  }))
  return {
    schema_version: '1.1',
    type_definitions: [{ type: 'user' }, { type: 'agent' }, ...definitions],
    conditions: Object.fromEntries(conditions.map((name) => [name, conditionJson(name, CONDITIONS[name])])),
  }
}

/**
 * The model with a type for which OpenFGA cannot weigh the paths of the model: a cycle through an intersection. It then uses its default strategy for
 * all relations. Its other strategies also evaluate conditions of tuples that a question does not depend on, and report or forget their errors.
 */
export function withDefaultStrategy(model: object): object {
  const { type_definitions: types } = model as { readonly type_definitions: readonly object[] }
  const knot = {
    type: 'knot',
    relations: { p: THIS, q: { intersection: { child: [THIS, { computedUserset: { relation: 'p' } }] } } },
    metadata: {
      relations: {
        p: { directly_related_user_types: [{ type: 'user' }, { type: 'knot', relation: 'q' }] },
        q: { directly_related_user_types: [{ type: 'user' }] },
      },
    },
  }
  return { ...model, type_definitions: [...types, knot] }
}

function drawTuples(gen: Gen, types: Types): readonly Tuple[] {
  const direct = OBJECT_TYPES.flatMap((type) =>
    Object.entries(types[type] ?? {}).flatMap(([relation, { restrictions }]) =>
      restrictions.map((restriction) => ({ type, relation, restriction })),
    ),
  )
  const tuples = Array.from({ length: TUPLES }, (): Tuple => {
    const { type, relation, restriction } = oneOf(gen, direct)
    const key = { user: drawUser(gen, restriction), relation, object: objectOf(gen, type) }
    const { condition } = restriction
    if (condition === undefined) return key
    const parameters = CONDITIONS[condition as ConditionName][0].split(' ')
    return { ...key, condition: { name: condition, context: drawContext(gen, parameters, { given: 40, wrong: 0 }) } }
  })
  const byKey = new Map(tuples.map((tuple) => [`${tuple.object}#${tuple.relation}@${tuple.user}`, tuple]))
  return [...byKey.values()].filter(({ user, object, relation }) => user !== `${object}#${relation}`)
}

const objectOf = (gen: Gen, type: string): string => `${type}:${oneOf(gen, IDS[type] ?? [])}`

function drawUser(gen: Gen, { type, relation, wildcard }: Restriction): string {
  if (wildcard) return `${type}:*`
  return relation === undefined ? objectOf(gen, type) : `${objectOf(gen, type)}#${relation}`
}

/** Values for some of the parameters. */
export function drawContext(
  gen: Gen,
  parameters: readonly string[],
  percent: { readonly given: number; readonly wrong: number },
): Readonly<Record<string, unknown>> {
  const given = parameters.filter(() => chance(gen, percent.given))
  return Object.fromEntries(
    given.map((name) => {
      const { valid = [], wrong = [] } = PARAMETERS[name] ?? {}
      return [name, oneOf(gen, wrong.length > 0 && chance(gen, percent.wrong) ? wrong : valid)]
    }),
  )
}

/** A question, now and then about a userset, about everybody, or with tuples of its own. */
export function drawQuestion(gen: Gen, { tuples }: ModelWorld, areWhole: boolean): EngineQuestion {
  const user = between(gen, 0, 9)
  const type = oneOf(gen, OBJECT_TYPES)
  const asker =
    user < 7
      ? objectOf(gen, user < 6 ? 'user' : 'agent')
      : user < 8
        ? 'user:*'
        : `${objectOf(gen, oneOf(gen, OBJECT_TYPES))}#${oneOf(gen, RELATIONS)}`
  return {
    user: asker,
    relation: oneOf(gen, RELATIONS),
    object: objectOf(gen, type),
    context: drawContext(gen, CONDITION_PARAMETERS, areWhole ? { given: 100, wrong: 0 } : { given: 85, wrong: 3 }),
    ...(chance(gen, 15) && tuples.length > 0 ? { contextualTuples: [oneOf(gen, tuples)] } : {}),
  }
}
