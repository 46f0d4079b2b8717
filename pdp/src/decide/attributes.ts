/**
 * Attributes, coerced strictly by the domain's manifest: a number is a number (rule D3). Pure.
 *
 * @module
 */
import { type EpochMillis, instantSchema } from '@mandate/protocol'
import { z } from 'zod'
import { type AttributeRule, isMeasure, type Manifest } from '../policy/manifest.ts'

/** A usable attribute: its number, and the unit it is in (a currency, `ahead` for seconds ahead of now, or empty). */
export interface Measured {
  readonly value: number
  readonly unit: string
}

export interface Attributes {
  /** By name; what is missing or malformed is absent. */
  readonly measured: ReadonlyMap<string, Measured>
  /** As links' limits look at them: `planned_price.EUR`, `starts_at.ahead`, `risk`. */
  readonly byUnit: Readonly<Record<string, number>>
  /** As the log keeps them: minor units under `name.CUR`, instants to the millisecond in UTC, however they were written. */
  readonly logged: Readonly<Record<string, number | string>>
}

const moneySchema = z.looseObject({ amount: z.int(), currency: z.string().regex(/^[A-Z]{3}$/u) })

/** The key of a limit: name and unit, so that an amount in one currency is never held against a limit in another. */
export const limitKey = (name: string, unit: string): string => (unit ? `${name}.${unit}` : name)

/** The attribute a limit's key is about. */
export const attributeOfKey = (key: string): string => key.split('.', 1)[0] ?? key

export function coerceAttributes(
  manifest: Manifest,
  sent: Readonly<Record<string, unknown>>,
  now: EpochMillis,
): Attributes {
  const measured = new Map<string, Measured>()
  const byUnit: Record<string, number> = {}
  const logged: Record<string, number | string> = {}
  for (const [name, rule] of Object.entries(manifest.attributes)) {
    const found = Object.hasOwn(sent, name) ? measure(rule, sent[name], now) : undefined
    if (!found || (rule.minimum !== undefined && found.value < rule.minimum)) continue
    measured.set(name, found)
    byUnit[limitKey(name, found.unit)] = found.value
    if (found.unit === 'ahead') logged[name] = new Date(Math.round(now + found.value * 1000)).toISOString()
    else logged[limitKey(name, found.unit)] = found.value
  }
  return { measured, byUnit, logged }
}

function measure({ type }: AttributeRule, value: unknown, now: EpochMillis): Measured | undefined {
  if (!isMeasure(type)) return undefined
  switch (type) {
    case 'money': {
      const money = moneySchema.safeParse(value)
      return money.success ? { value: money.data.amount, unit: money.data.currency } : undefined
    }
    case 'instant': {
      const parsed = instantSchema.safeParse(value)
      return parsed.success ? { value: (Date.parse(parsed.data) - now) / 1000, unit: 'ahead' } : undefined
    }
    case 'integer':
      return Number.isSafeInteger(value) ? { value: value as number, unit: '' } : undefined
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? { value, unit: '' } : undefined
  }
}

/** An attribute as a relation's condition takes it; `undefined` for what is not of its type. Money is for gates alone: it has a currency. */
export function parameterOf({ type, minimum }: AttributeRule, value: unknown): unknown {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'strings':
      return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined
    case 'instant': {
      // As OpenFGA takes it: a fraction of any length is RFC 3339 as well.
      const parsed = instantSchema.safeParse(value)
      return parsed.success ? new Date(parsed.data).toISOString() : undefined
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
