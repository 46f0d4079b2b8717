/**
 * Which JSON values fit an attribute, by its type in the manifest. Pure.
 *
 * @module
 */
import type { MEASURES, PLAIN_VALUES } from '@mandate/protocol'
import { valueObjection } from './parameter-values.ts'

type AttributeType = (typeof MEASURES)[number] | (typeof PLAIN_VALUES)[number]

const PARAMETERS = {
  string: { type: 'string' },
  boolean: { type: 'bool' },
  strings: { type: 'list', of: 'string' },
  integer: { type: 'int' },
  number: { type: 'double' },
  instant: { type: 'timestamp' },
  duration: { type: 'duration' },
  ipaddress: { type: 'ipaddress' },
} as const satisfies Record<Exclude<AttributeType, 'money'>, object>

/** Why a value does not fit an attribute: "must be …". `undefined` when it fits. */
export function attributeObjection(type: AttributeType, value: unknown): string | undefined {
  if (type !== 'money') return valueObjection(PARAMETERS[type], value)
  const { amount, currency } = Object(value) as { readonly amount?: unknown; readonly currency?: unknown }
  if (Number.isSafeInteger(amount) && typeof currency === 'string' && /^[A-Z]{3}$/u.test(currency)) return undefined
  return 'must be { amount: whole number of minor units, currency: ISO 4217 code }.'
}
