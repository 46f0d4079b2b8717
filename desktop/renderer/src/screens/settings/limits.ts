/**
 * Limits for agents (autonomy settings): as a sentence, as form fields, and as sent to the PDP. Gates, units, ranges and texts come from the
 * domain's description. On the wire money is in minor units and an instant in seconds ahead; typed are whole units and days. Pure.
 *
 * @module
 */
import {
  type Autonomy,
  amountText,
  type Domain,
  type DomainGate,
  type LimitForm,
  type MEASURES,
  minorDigitsOf,
  parseAmount,
  parseDecimal,
  type Unit,
} from '@mandate/protocol'
import { amount, attributeOf } from '@mandate/ui'
import type { ProblemView } from '../../../../src/shared/views.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.autonomy

type Measure = (typeof MEASURES)[number]
type Bound = Autonomy['limits'][string]

/** A gate that takes a limit, with what a form and a sentence need. */
export interface LimitGate {
  readonly name: string
  readonly bound: 'at_most' | 'at_least'
  readonly type: Measure
  readonly unit: Unit | undefined
  readonly form: LimitForm
}

/** One text field. `gate` is its gate's name; money has a second field for the currency. */
export interface LimitField {
  readonly name: string
  readonly gate: LimitGate
  readonly isCurrency: boolean
  readonly label: string
  readonly help: string | undefined
}

/** The texts that are typed, by the field's name. */
export interface Typed {
  readonly consent: 'yes' | 'no'
  readonly fields: Readonly<Record<string, string>>
}

/** The gates of a domain that take a limit, in its order. Consent needs a limit for each. */
export function limitGatesOf(domain: Domain): readonly LimitGate[] {
  return domain.gates.flatMap((gate): LimitGate[] => {
    const { name, bound, attribute } = gate
    const declared = attributeOf(attribute, domain)
    if (!declared || !bound || !isMeasure(declared.type)) return []
    const { type, unit, label } = declared
    return [{ name, bound, type, unit, form: gate.form ?? formOf(gate, { type, unit, label }) }]
  })
}

const isMeasure = (type: string): type is Measure => ['money', 'instant', 'integer', 'number'].includes(type)

/** A form for a gate whose manifest has none, made of the labels. */
function formOf({ bound }: DomainGate, attribute: Pick<LimitGate, 'type' | 'unit'> & { label: string }): LimitForm {
  const { label, type, unit } = attribute
  const side = TEXTS.sides[bound ?? 'at_most']
  const inUnit = type === 'instant' ? TEXTS.days : unit?.many
  return {
    label: strings.capital(inUnit === undefined ? `${label}, ${side}` : `${label} (${inUnit}), ${side}`),
    sentence: `${label} ${side} {limit}${type === 'instant' ? ` ${TEXTS.ahead}` : ''}`,
  }
}

/** The text fields of a form, in the order of the gates. */
export function fieldsOf(gates: readonly LimitGate[]): readonly LimitField[] {
  return gates.flatMap((gate): LimitField[] => {
    const { label, help } = gate.form
    const field = { name: gate.name, gate, isCurrency: false, label, help }
    if (gate.type !== 'money') return [field]
    const currency = { label: TEXTS.currency, help: TEXTS.currencyHelp }
    return [field, { name: currencyField(gate), gate, isCurrency: true, ...currency }]
  })
}

const currencyField = ({ name }: LimitGate): string => `${name}.currency`

const DAY_S = 86_400
const FIRST_CURRENCY = 'EUR'

/** The fields as they are first shown: the settings, or else what the domain suggests. */
export function typedOf(autonomy: Autonomy | undefined, gates: readonly LimitGate[]): Typed {
  const fields = gates.flatMap((gate) => {
    const set = autonomy?.limits[gate.name] ?? gate.form.suggested
    const currency = set?.currency ?? FIRST_CURRENCY
    const text = [gate.name, textOf(set?.[gate.bound], gate, currency)] as const
    return gate.type === 'money' ? [text, [currencyField(gate), currency] as const] : [text]
  })
  return { consent: autonomy && !autonomy.consent ? 'no' : 'yes', fields: Object.fromEntries(fields) }
}

/** What the person typed so far, over what is shown first. A policy that is loaded meanwhile adds and removes gates, and changes nothing that was typed. */
export function typedOver(first: Typed, own: Partial<Typed>): Typed {
  return { consent: own.consent ?? first.consent, fields: { ...first.fields, ...own.fields } }
}

/** Empty for no value, and for money in a currency whose decimals are unknown: then the person types the amount. */
function textOf(value: number | undefined, { type }: LimitGate, currency: string): string {
  if (value === undefined) return ''
  if (type === 'money') return amountText(value, currency) ?? ''
  return String(type === 'instant' ? Math.round((value / DAY_S) * 100) / 100 : value)
}

export type Read =
  | { readonly ok: true; readonly autonomy: Autonomy }
  | { readonly ok: false; readonly wrong: Readonly<Record<string, string>> }

/**
 * Checks what was typed, field by field.
 *
 * @param before - The settings that the fields showed first: an unchanged field is sent exactly as it was, without the rounding of its text.
 */
export function readTyped({ consent, fields }: Typed, gates: readonly LimitGate[], before?: Autonomy): Read {
  const first = typedOf(before, gates).fields
  const limits: Record<string, Bound> = {}
  const wrong: Record<string, string> = {}
  for (const gate of gates) {
    const currency = (fields[currencyField(gate)] ?? '').trim().toUpperCase()
    const isUnchanged =
      fields[gate.name] === first[gate.name] && (gate.type !== 'money' || currency === first[currencyField(gate)])
    const kept = isUnchanged ? before?.limits[gate.name] : undefined
    if (gate.type === 'money' && minorDigitsOf(currency) === undefined)
      wrong[currencyField(gate)] = TEXTS.wrong.currency
    const read: ReadBound = kept ? { ok: true, bound: kept } : boundOf(gate, fields[gate.name] ?? '', currency)
    if (read.ok) limits[gate.name] = read.bound
    else if (read.error !== undefined) wrong[gate.name] = read.error
  }
  if (Object.keys(wrong).length > 0) return { ok: false, wrong }
  return { ok: true, autonomy: { consent: consent === 'yes', limits } }
}

/** `error` is absent for money in an unknown currency, whose error is shown at the currency. */
type ReadBound = { readonly ok: true; readonly bound: Bound } | { readonly ok: false; readonly error?: string }

/** Reads a bound as it is sent. */
function boundOf(gate: LimitGate, text: string, currency: string): ReadBound {
  const { type, bound, form } = gate
  if (type === 'money') return moneyBoundOf(bound, text, currency)
  const decimals = type === 'integer' ? 0 : 2
  const isNegative = type === 'instant' && form.minimum === undefined && /^\s*[-−]/u.test(text)
  const read = parseDecimal(isNegative ? text.replace(/[-−]/u, '') : text, decimals)
  if (!read.ok) return { ok: false, error: wrongNumber(gate) }
  const value = ((isNegative ? -1 : 1) * read.value) / 10 ** decimals
  const sent = type === 'instant' ? Math.round(value * DAY_S) : value
  const { minimum = Number.NEGATIVE_INFINITY, maximum = MOST[type] } = form
  if (sent < minimum || sent > maximum) return { ok: false, error: wrongNumber(gate) }
  return { ok: true, bound: { [bound]: sent } }
}

/** Larger values are typing errors: ten years, and nine digits. */
const MOST = { instant: 3_650 * DAY_S, integer: 999_999_999, number: 999_999_999 } as const

function wrongNumber({ type, unit, form }: LimitGate): string {
  const { minimum = 0, maximum } = form
  if (type === 'instant') return TEXTS.wrong.days((maximum ?? MOST.instant) / DAY_S)
  return TEXTS.wrong.number(type === 'integer', unit?.many, minimum, maximum)
}

const MOST_MINOR_DIGITS = 4

function moneyBoundOf(bound: LimitGate['bound'], text: string, currency: string): ReadBound {
  const read = parseAmount(text, currency)
  if (read.ok) return { ok: true, bound: { [bound]: read.value, currency } }
  if (read.objection !== 'currency_unknown') return { ok: false, error: strings.amountWrong(read.objection, currency) }
  const plain = parseDecimal(text, MOST_MINOR_DIGITS)
  if (plain.ok || plain.objection !== 'not_a_number') return { ok: false }
  return { ok: false, error: strings.amountWrong('not_a_number', currency) }
}

/** `Agents may book for you up to EUR 4,100.00 an item, at least 7 days ahead, risk at most 3.`, or `Agents may renew for you: fee at most EUR 2.00.` */
export function autonomySentence(autonomy: Autonomy | undefined, domain: Domain | undefined): string {
  if (!autonomy) return TEXTS.none
  if (!autonomy.consent) return TEXTS.off
  if (!domain) return TEXTS.unknownLimits
  const limits = limitGatesOf(domain).flatMap(({ name, bound, form }) => {
    const { [bound]: value, currency } = autonomy.limits[name] ?? {}
    const gate = domain.gates.find((one) => one.name === name)
    if (value === undefined) return []
    const text = form.sentence.replace('{limit}', amount(value, currency, attributeOf(gate?.attribute, domain)))
    return [{ text, isWritten: gate?.form !== undefined }]
  })
  const begin = consentOf(domain).sentence.replace(/[\s:,]+$/u, '')
  // A form's sentence is written as the end of this one. What is made of labels is a list after it.
  const colon = limits[0]?.isWritten === false ? ':' : ''
  return `${begin}${colon} ${limits.map(({ text }) => text).join(', ')}`.trim().concat('.')
}

/** How the domain asks for consent. */
export function consentOf({ gates }: Domain): { readonly question: string; readonly sentence: string } {
  return gates.find(({ consent }) => consent)?.consent ?? TEXTS.generalConsent
}

/** Moves a problem that the PDP has with all settings to the field of the gate that its detail names. */
export function problemAtGate(
  problem: ProblemView | undefined,
  gates: readonly Pick<LimitGate, 'name'>[],
): ProblemView | undefined {
  if (problem?.field !== 'autonomy') return problem
  const said = problem.detail ?? ''
  const gate = gates.find(({ name }) => {
    const escaped = RegExp.escape(name)
    return new RegExp(`^autonomy: (${escaped}:|.*"${escaped}")`, 'u').test(said)
  })
  if (gate === undefined) return problem
  // The field's label names the gate already.
  const detail = said.replace(/^autonomy: /u, '').replace(`${gate.name}: `, '')
  return { ...problem, field: gate.name, detail: detail.charAt(0).toUpperCase() + detail.slice(1) }
}
