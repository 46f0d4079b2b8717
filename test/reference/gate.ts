/**
 * Gates and limits: rules D3, F4.
 *
 * @module
 */

import { heldBy, personaWithId } from './chain.ts'
import type { TravelCode } from './codes.ts'
import { ATTRIBUTES, GATES, isLimited } from './domain.ts'
import { type Bound, type Facts, type Grant, isAgent, type Question } from './facts.ts'

/** What failed, and the attribute when it could not be read. */
export interface Failure {
  readonly code: TravelCode
  readonly attribute?: string
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** D3: what an attribute is worth, or `undefined` when it cannot be read: missing, null, mistyped, negative, in another currency. */
function readAttribute(
  facts: Facts,
  { attributes }: Question,
  name: string,
  currency: string | undefined,
): number | undefined {
  const value = attributes[name]
  if (ATTRIBUTES[name] === 'money') {
    const money = value as { readonly amount?: unknown; readonly currency?: unknown } | null | undefined
    return money?.currency === currency ? natural(money?.amount) : undefined
  }
  if (ATTRIBUTES[name] === 'integer') return natural(value)
  const at = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : (at - facts.now) / 1000
}

const natural = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

const isWithin = (value: number, { at_most, at_least }: Bound): boolean =>
  (at_most === undefined || value <= at_most) && (at_least === undefined || value >= at_least)

function held(facts: Facts, question: Question, attribute: string, bound: Bound, code: TravelCode): readonly Failure[] {
  const value = readAttribute(facts, question, attribute, bound.currency)
  if (value === undefined) return [{ code: 'attribute_invalid', attribute }]
  return isWithin(value, bound) ? [] : [{ code }]
}

/** D3: what the limits of every link say, whoever uses the chain. */
export function failedLimits(facts: Facts, chain: readonly Grant[], question: Question): readonly Failure[] {
  if (!isLimited(question.action)) return []
  const names = Object.keys(ATTRIBUTES)
  return chain
    .map(({ limits }) => limits.toSorted((a, b) => names.indexOf(a.attribute) - names.indexOf(b.attribute)))
    .flatMap((limits) => limits.flatMap((limit) => held(facts, question, limit.attribute, limit, 'grant_limit')))
}

/** F4: what the owner lets agents do without them. Nobody else is asked. No settings: `no_consent` alone. */
export function failedGates(facts: Facts, question: Question): readonly Failure[] {
  const byAgent = isAgent(question.actor ?? question.subject)
  if (!byAgent || !isLimited(question.action)) return []
  const settings = personaWithId(facts, heldBy(facts, question.resource)?.persona)?.autonomy
  const failed = GATES.flatMap(({ name, attribute, code }) => {
    const bound = settings?.limits[name]
    return bound ? held(facts, question, attribute, bound, code) : []
  })
  return settings?.consent ? failed : [{ code: 'no_consent' }, ...failed]
}

/** An attribute that several gates and limits miss is named once. */
export function withoutRepeats(failures: readonly Failure[]): readonly TravelCode[] {
  const first = failures.filter(
    ({ attribute }, index) =>
      attribute === undefined || failures.findIndex((each) => each.attribute === attribute) === index,
  )
  return first.map(({ code }) => code)
}
