/**
 * What agents may do for a person alone: as it is said, as it is typed, and as it is sent. Money is in minor units, lead times in seconds on
 * the wire; typed are whole units and days. Pure.
 *
 * @module
 */
import { type Autonomy, amountText, minorDigitsOf, parseAmount, parseDecimal } from '@mandate/protocol'
import { money, span } from '@mandate/ui'
import type { ProblemView } from '../../../../src/shared/views.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.autonomy

export type Gate = 'price' | 'effort' | 'lead_time' | 'risk'
export type TypedField = Gate | 'currency'

/** The gates of each domain that take a limit, in the order in which they are said. All must be set for consent. */
const GATES: Readonly<Record<string, readonly Gate[]>> = {
  travel: ['price', 'lead_time', 'risk'],
  nursing: ['effort', 'lead_time', 'risk'],
}

/** `undefined`: a domain that this app does not know. */
export function gatesOf(domain: string): readonly Gate[] | undefined {
  return Object.hasOwn(GATES, domain) ? GATES[domain] : undefined
}

export type Typed = Readonly<Record<TypedField, string>> & { readonly consent: 'yes' | 'no' }

const DAY_S = 86_400
/** Sane before anything was set: small, a week ahead, little risk. */
const FIRST: Typed = { consent: 'yes', price: '500', currency: 'EUR', effort: '30', lead_time: '7', risk: '2' }

export function typedOf(autonomy: Autonomy | undefined): Typed {
  if (!autonomy) return FIRST
  const { consent, limits } = autonomy
  const { price, effort, lead_time: lead, risk } = limits
  const currency = price?.currency ?? FIRST.currency
  return {
    consent: consent ? 'yes' : 'no',
    price: price ? priceText(price, currency) : FIRST.price,
    currency,
    effort: String(effort?.at_most ?? FIRST.effort),
    lead_time: lead?.at_least === undefined ? FIRST.lead_time : String(round(lead.at_least / DAY_S)),
    risk: String(risk?.at_most ?? FIRST.risk),
  }
}

const MOST_MINOR_DIGITS = 4
const round = (value: number): number => Math.round(value * 100) / 100

/** Empty where it is not known where the decimal point belongs: then the person gives the amount. */
function priceText(price: Autonomy['limits'][string], currency: string): string {
  return price.at_most === undefined ? FIRST.price : (amountText(price.at_most, currency) ?? '')
}

export type Read =
  | { readonly ok: true; readonly autonomy: Autonomy }
  | { readonly ok: false; readonly wrong: Readonly<Partial<Record<TypedField, string>>> }

/**
 * What was typed, checked field by field.
 *
 * @param before - The settings that the fields showed at first: what nobody changed is sent as it was, whatever was rounded to show it.
 */
export function readTyped(typed: Typed, gates: readonly Gate[], before?: Autonomy): Read {
  const currency = typed.currency.trim().toUpperCase()
  const first = typedOf(before)
  const bounds: Record<string, Bound> = {}
  const wrong: Partial<Record<TypedField, string>> = {}
  if (gates.includes('price') && minorDigitsOf(currency) === undefined) wrong.currency = TEXTS.wrong.currency
  for (const gate of gates) {
    const kept = typed[gate] === first[gate] && (gate !== 'price' || currency === first.currency)
    const bound = (kept ? before?.limits[gate] : undefined) ?? boundOf(gate, typed[gate], currency)
    if (typeof bound === 'object') bounds[gate] = bound
    else if (bound !== '') wrong[gate] = bound
  }
  if (Object.keys(wrong).length > 0) return { ok: false, wrong }
  return { ok: true, autonomy: { consent: typed.consent === 'yes', limits: bounds } }
}

type Bound = Autonomy['limits'][string]

const NUMBERS = {
  effort: { decimals: 2, most: 999_999_999 },
  lead_time: { decimals: 2, most: 3_650 },
  risk: { decimals: 0, most: 5 },
} as const

/** A bound as it is sent, or what is wrong with the text; empty for a price in an unknown currency, which is said at the currency. */
function boundOf(gate: Gate, text: string, currency: string): Bound | string {
  if (gate === 'price') return priceBoundOf(text, currency)
  const { decimals, most } = NUMBERS[gate]
  const read = parseDecimal(text, decimals)
  if (!read.ok || read.value > most * 10 ** decimals) return TEXTS.wrong[gate]
  const value = read.value / 10 ** decimals
  return gate === 'lead_time' ? { at_least: Math.round(value * DAY_S) } : { at_most: value }
}

function priceBoundOf(text: string, currency: string): Bound | string {
  const read = parseAmount(text, currency)
  if (read.ok) return { at_most: read.value, currency }
  if (read.objection !== 'currency_unknown') return strings.amountWrong(read.objection, currency)
  const plain = parseDecimal(text, MOST_MINOR_DIGITS)
  return plain.ok || plain.objection !== 'not_a_number' ? '' : strings.amountWrong('not_a_number', currency)
}

/** `Agents may book for you up to EUR 4,100.00 an item, at least 7 days ahead, risk at most 3.` */
export function autonomySentence(autonomy: Autonomy | undefined): string {
  if (!autonomy) return TEXTS.none
  if (!autonomy.consent) return TEXTS.off
  const { price, effort, lead_time: lead, risk } = autonomy.limits
  return TEXTS.sentence(price !== undefined, [
    ...(price?.at_most === undefined ? [] : [TEXTS.price(money(price.at_most, price.currency ?? ''))]),
    ...(effort?.at_most === undefined ? [] : [TEXTS.effort(effort.at_most)]),
    ...(lead?.at_least === undefined ? [] : [TEXTS.leadTime(span(lead.at_least))]),
    ...(risk?.at_most === undefined ? [] : [TEXTS.risk(risk.at_most)]),
  ])
}

/** The gate that a problem of the service's is about: it names all of the settings, and the gate in its words. */
export function problemAtGate(problem: ProblemView | undefined, gates: readonly Gate[]): ProblemView | undefined {
  if (problem?.field !== 'autonomy') return problem
  const gate = gates.find((name) => new RegExp(`^autonomy: (${name}:|.*"${name}")`, 'u').test(problem.detail ?? ''))
  return gate === undefined ? problem : { ...problem, field: gate }
}
