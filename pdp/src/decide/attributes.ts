/**
 * Coerces attributes by the types of the domain's manifest, without conversion: a numeric text is no number (rule D3). Pure.
 *
 * @module
 */
import { type EpochMillis, instantSchema } from '@mandate/protocol'
import { z } from 'zod'
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
  /** For the log: money in minor units under `name.CUR`, instants in UTC with milliseconds. */
  readonly logged: Readonly<Record<string, number | string>>
}

const moneySchema = z.looseObject({ amount: z.int(), currency: z.string().regex(/^[A-Z]{3}$/u) })

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

/** An attribute as parameter of a condition. `undefined` for another type, and for money, whose currency a condition cannot compare. */
export function parameterOf({ type, minimum }: AttributeRule, value: unknown): unknown {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'strings':
      return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined
    case 'instant': {
      // RFC 3339 allows fractions of any length; conditions take milliseconds.
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
