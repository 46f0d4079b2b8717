/**
 * Coerces attributes by the types of the domain's manifest, without conversion: a numeric text is no number (rule D3). Pure.
 *
 * @module
 */
import { type EpochMillis, instantSchema, isDuration, isIpAddress } from '@mandate/protocol'
import { type AttributeRule, isMeasure, type Manifest } from '../policy/manifest.ts'

/** An attribute that limits and gates can compare. Unit: a currency (value in minor units), `ahead` (seconds from now), or empty. */
export interface Measured {
  readonly value: number
  readonly unit: string
}

export interface Attributes {
  /** By name, without those that are missing or malformed. */
  readonly measured: ReadonlyMap<string, Measured>
  /** By {@link limitKey}, for the limits of grants: `planned_price.EUR`, `starts_at.ahead`, `risk`. */
  readonly byUnit: Readonly<Record<string, number>>
  /** For the log: money in minor units under `name.CUR`, instants in UTC with milliseconds. Built when it is asked for. */
  readonly logged: () => Readonly<Record<string, number | string>>
}

/** Key of a limit. It includes the unit, so that amounts in different currencies are never compared. */
export const limitKey = (name: string, unit: string): string => (unit ? `${name}.${unit}` : name)

/** The attribute's name in a {@link limitKey}. */
export const attributeOfKey = (key: string): string => key.split('.', 1)[0] ?? key

export function coerceAttributes(
  manifest: Manifest,
  sent: Readonly<Record<string, unknown>>,
  now: EpochMillis,
): Attributes {
  const measured = new Map<string, Measured>()
  const byUnit: Record<string, number> = {}
  for (const [name, rule] of Object.entries(manifest.attributes)) {
    const found = Object.hasOwn(sent, name) ? measure(rule, sent[name], now) : undefined
    if (!found || (rule.minimum !== undefined && found.value < rule.minimum)) continue
    measured.set(name, found)
    byUnit[limitKey(name, found.unit)] = found.value
  }
  return { measured, byUnit, logged: () => loggedOf(measured, now) }
}

function loggedOf(measured: Attributes['measured'], now: EpochMillis): Readonly<Record<string, number | string>> {
  const logged: Record<string, number | string> = {}
  for (const [name, { value, unit }] of measured) {
    if (unit === 'ahead') logged[name] = textOf(Math.round(now + value * 1000))
    else logged[limitKey(name, unit)] = value
  }
  return logged
}

const CURRENCY = /^[A-Z]{3}$/u

/** `{"amount": 12050, "currency": "EUR"}`, in minor units. */
function moneyOf(value: unknown): Measured | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { amount, currency } = value as { readonly amount?: unknown; readonly currency?: unknown }
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount)) return undefined
  return typeof currency === 'string' && CURRENCY.test(currency) ? { value: amount, unit: currency } : undefined
}

const TEXTS = new Map<EpochMillis, string>()

/** In UTC with milliseconds. */
function textOf(millis: EpochMillis): string {
  const known = TEXTS.get(millis)
  if (known !== undefined) return known
  const text = new Date(millis).toISOString()
  if (TEXTS.size >= MOST_INSTANTS) TEXTS.clear()
  TEXTS.set(millis, text)
  return text
}

/** Instants that were read, since one resource is asked about many times. Emptied when it is full. */
const INSTANTS = new Map<string, EpochMillis | undefined>()
const MOST_INSTANTS = 1_000
const LONGEST_KEPT = 40

function millisOf(value: unknown): EpochMillis | undefined {
  if (typeof value !== 'string') return undefined
  if (INSTANTS.has(value)) return INSTANTS.get(value)
  const millis = instantSchema.safeParse(value).success ? Date.parse(value) : undefined
  if (INSTANTS.size >= MOST_INSTANTS) INSTANTS.clear()
  if (value.length <= LONGEST_KEPT) INSTANTS.set(value, millis)
  return millis
}

function measure({ type }: AttributeRule, value: unknown, now: EpochMillis): Measured | undefined {
  if (!isMeasure(type)) return undefined
  switch (type) {
    case 'money':
      return moneyOf(value)
    case 'instant': {
      const millis = millisOf(value)
      return millis === undefined ? undefined : { value: (millis - now) / 1000, unit: 'ahead' }
    }
    case 'integer':
      return Number.isSafeInteger(value) ? { value: value as number, unit: '' } : undefined
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? { value, unit: '' } : undefined
  }
}

/** An attribute as parameter of a condition. `undefined` for another type, and for money, whose currency a condition cannot compare. */
export function parameterOf({ type, minimum }: AttributeRule, value: unknown): unknown {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'strings':
      return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined
    case 'duration':
      return typeof value === 'string' && isDuration(value) ? value : undefined
    case 'ipaddress':
      return typeof value === 'string' && isIpAddress(value) ? value : undefined
    case 'instant': {
      // RFC 3339 allows fractions of any length; conditions take milliseconds.
      const millis = millisOf(value)
      return millis === undefined ? undefined : new Date(millis).toISOString()
    }
    case 'integer':
    case 'number': {
      const fits = type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)
      return fits && (minimum === undefined || Number(value) >= minimum) ? value : undefined
    }
    case 'money':
      return undefined
  }
}
