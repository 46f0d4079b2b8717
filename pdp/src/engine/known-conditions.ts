/**
 * Functions written ahead for the conditions of the core model, which every decision evaluates: about a hundred times as fast as CEL. Each is used only
 * for exactly the expression and the parameter types that it was written for, and only for values of the usual form; anything else is evaluated by CEL.
 *
 * @module
 */
import { instantOf } from './parameters.ts'

type Context = Readonly<Record<string, unknown>>
/** Whether the condition of one tuple holds; `undefined`: let CEL decide. */
type Holds = (context: Context) => boolean | undefined

export interface KnownCondition {
  /** The CEL type of each parameter that the model must declare. */
  readonly parameters: ReadonlyMap<string, string>
  /** Reads the stored context, whose values have the declared types, once per tuple. `undefined`: always let CEL decide. */
  readonly prepare: (stored: Context) => Holds | undefined
}

/** The values that a function reads from the stored context; the others come from the request. */
function known(
  parameters: Readonly<Record<string, string>>,
  stored: readonly string[],
  prepare: KnownCondition['prepare'],
): KnownCondition {
  return {
    parameters: new Map(Object.entries(parameters)),
    prepare: (context) => (hasExactly(context, stored) ? prepare(context) : undefined),
  }
}

/** A stored value of another name would win over the request's. */
const hasExactly = (context: Context, names: readonly string[]): boolean =>
  Object.keys(context).length === names.length &&
  names.every((name) => Object.hasOwn(context, name) && context[name] !== undefined)

const TIME = 'google.protobuf.Timestamp'
const TEXTS = 'list<string>'
const BOUNDS = 'map<string, double>'

let lastText = ''
let lastInstant: number | undefined

/** All questions of a decision are asked at the same instant, so the last one that was read is kept. */
function readInstant(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  if (text !== lastText) {
    const instant = instantOf(text)
    lastText = text
    lastInstant = typeof instant === 'number' ? instant : undefined
  }
  return lastInstant
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

let lastBounds: unknown

/** All links of a chain are asked about with the same attributes, so the last ones that were looked at are kept. */
function isBounds(value: unknown): value is Readonly<Record<string, number>> {
  if (value === lastBounds && value !== undefined) return true
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const key of Object.keys(value)) if (!isNumber((value as Context)[key])) return false
  lastBounds = value
  return true
}

const isWithin = (
  bounds: readonly (readonly [string, unknown])[],
  attributes: Readonly<Record<string, number>>,
  compare: (value: number, bound: number) => boolean,
): boolean =>
  bounds.every(
    ([key, bound]) => Object.hasOwn(attributes, key) && compare(attributes[key] ?? Number.NaN, Number(bound)),
  )

const link = known(
  {
    current_time: TIME,
    action: 'string',
    within: TEXTS,
    standing: TEXTS,
    limited: 'bool',
    attributes: BOUNDS,
    expires_at: TIME,
    actions: TEXTS,
    scope: 'string',
    giver: 'string',
    at_most: BOUNDS,
    at_least: BOUNDS,
  },
  ['expires_at', 'actions', 'scope', 'giver', 'at_most', 'at_least'],
  (stored) => {
    const expiresAt = instantOf(String(stored['expires_at']))
    const actions = new Set(stored['actions'] as readonly string[])
    const { scope, giver } = stored as { readonly scope: string; readonly giver: string }
    // Text that OpenFGA takes for a number is read by CEL.
    if (!isBounds(stored['at_most']) || !isBounds(stored['at_least']) || typeof expiresAt !== 'number') return undefined
    const atMost = Object.entries(stored['at_most'])
    const atLeast = Object.entries(stored['at_least'])
    return ({ current_time, action, within, standing, limited, attributes }) => {
      const now = readInstant(current_time)
      if (now === undefined || typeof action !== 'string' || typeof limited !== 'boolean') return undefined
      if (!isTexts(within) || !isTexts(standing) || !isBounds(attributes)) return undefined
      if (now >= expiresAt || !actions.has(action) || !within.includes(scope) || !standing.includes(giver)) return false
      if (!limited) return true
      return (
        isWithin(atMost, attributes, (value, bound) => value <= bound) &&
        isWithin(atLeast, attributes, (value, bound) => value >= bound)
      )
    }
  },
)

const seated = known(
  { acting: TEXTS, asks: 'string', givers: TEXTS, path: TEXTS },
  ['asks', 'givers', 'path'],
  ({ asks }) =>
    ({ acting }) =>
      isTexts(acting) ? acting.includes(String(asks)) : undefined,
)

const held = known(
  { deed: 'string', persona: 'string', held_as: 'string', held_in: 'string' },
  ['held_as', 'held_in'],
  ({ held_as, held_in }) =>
    ({ deed, persona }) =>
      typeof deed === 'string' && typeof persona === 'string' ? deed === held_as && persona === held_in : undefined,
)

const located = known(
  { path: TEXTS, owner: 'string', deed: 'string', persona: 'string' },
  ['path', 'owner', 'deed', 'persona'],
  ({ path }) => {
    const holds = (path as readonly string[]).length > 0
    return () => holds
  },
)

const inTerm = known(
  { current_time: TIME, valid_from: TIME, valid_till: TIME },
  ['valid_from', 'valid_till'],
  ({ valid_from, valid_till }) => {
    const from = instantOf(String(valid_from))
    const till = instantOf(String(valid_till))
    if (typeof from !== 'number' || typeof till !== 'number') return undefined
    return ({ current_time }) => {
      const now = readInstant(current_time)
      return now === undefined ? undefined : now >= from && now < till
    }
  },
)

function bound(name: 'most' | 'least', compare: (value: number, limit: number) => boolean): KnownCondition {
  return known(
    { value: 'double', unit: 'string', [name]: 'double', unit_of: 'string' },
    [name, 'unit_of'],
    ({ [name]: limit, unit_of }) => {
      if (!isNumber(limit)) return undefined
      return ({ value, unit }) =>
        isNumber(value) && typeof unit === 'string' ? unit === unit_of && compare(value, limit) : undefined
    },
  )
}

/** By expression, spelled as `policies/core.fga` spells it. */
export const KNOWN_CONDITIONS: ReadonlyMap<string, KnownCondition> = new Map([
  [
    'current_time < expires_at && action in actions && scope in within && giver in standing && (!limited || (at_most.all(k, k in attributes && attributes[k] <= at_most[k]) && at_least.all(k, k in attributes && attributes[k] >= at_least[k])))',
    link,
  ],
  ['asks in acting', seated],
  ['deed == held_as && persona == held_in', held],
  ['size(path) > 0', located],
  ['current_time >= valid_from && current_time < valid_till', inTerm],
  ['unit == unit_of && value <= most', bound('most', (value, limit) => value <= limit)],
  ['unit == unit_of && value >= least', bound('least', (value, limit) => value >= limit)],
])
