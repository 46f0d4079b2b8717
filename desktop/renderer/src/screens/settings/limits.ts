/**
 * What agents may do for a person alone: as it is said, as it is typed, and as it is sent. Money is in minor units, lead times in seconds on
 * the wire; typed are whole units and days. Pure.
 *
 * @module
 */
import type { Autonomy } from '@mandate/protocol'
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
    price: price?.at_most === undefined ? FIRST.price : String(price.at_most / 10 ** digitsOf(currency)),
    currency,
    effort: String(effort?.at_most ?? FIRST.effort),
    lead_time: lead?.at_least === undefined ? FIRST.lead_time : String(round(lead.at_least / DAY_S)),
    risk: String(risk?.at_most ?? FIRST.risk),
  }
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000

/** How many digits a currency has behind the point. Throws for what is no code. */
function digitsOf(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

export type Read =
  | { readonly ok: true; readonly autonomy: Autonomy }
  | { readonly ok: false; readonly wrong: Readonly<Partial<Record<TypedField, string>>> }

/** What was typed, checked field by field. */
export function readTyped(typed: Typed, gates: readonly Gate[]): Read {
  const currency = typed.currency.trim().toUpperCase()
  const values: Partial<Record<Gate, number>> = {}
  const wrong: Partial<Record<TypedField, string>> = {}
  const isMoney = gates.includes('price')
  const isCurrency = /^[A-Z]{3}$/u.test(currency)
  if (isMoney && !isCurrency) wrong.currency = TEXTS.wrong.currency
  for (const gate of gates) {
    const value = numberOf(gate, typed[gate], isCurrency ? digitsOf(currency) : 2)
    if (value === undefined) wrong[gate] = TEXTS.wrong[gate]
    else values[gate] = value
  }
  if (Object.keys(wrong).length > 0) return { ok: false, wrong }
  const limits = Object.fromEntries(gates.map((gate) => [gate, boundOf(gate, values[gate] ?? 0, currency)]))
  return { ok: true, autonomy: { consent: typed.consent === 'yes', limits } }
}

function boundOf(gate: Gate, value: number, currency: string): Autonomy['limits'][string] {
  if (gate === 'lead_time') return { at_least: value }
  return gate === 'price' ? { at_most: value, currency } : { at_most: value }
}

const MOST_DAYS = 3_650
const MOST_RISK = 5

/** As it is sent; `undefined` for what is none. */
function numberOf(gate: Gate, text: string, digits: number): number | undefined {
  const plain = text.replaceAll(/[\s,]/gu, '')
  if (!/^\d{1,9}(\.\d{1,3})?$/u.test(plain)) return undefined
  const value = Number(plain)
  if (gate === 'price') return digitsBehind(plain) <= digits ? Math.round(value * 10 ** digits) : undefined
  if (gate === 'lead_time') return value <= MOST_DAYS ? Math.round(value * DAY_S) : undefined
  if (gate === 'effort') return value
  return Number.isInteger(value) && value <= MOST_RISK ? value : undefined
}

const digitsBehind = (text: string): number => text.split('.')[1]?.length ?? 0

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
