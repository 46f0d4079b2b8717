/**
 * Converts JSON values to the typed parameters of a condition, as OpenFGA 1.22.1 does. A value that this engine cannot represent exactly, such as a
 * timestamp with nanoseconds, is {@link INEXACT}: the question is left to OpenFGA.
 *
 * @module
 */
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { type IpAddress, parseIpAddress } from './ip-address.ts'
import type { ParameterTypeJson } from './model-json.ts'

/** OpenFGA rejects the value for a parameter of this type. */
export const INVALID = Symbol('invalid')
/** OpenFGA may take the value, but this engine has no exact representation of it. */
export const INEXACT = Symbol('inexact')

type Scalar = string | boolean | number | bigint | null | Date | Duration | UnsignedInt | IpAddress
export type CelValue = Scalar | readonly CelValue[] | ReadonlyMap<string, CelValue>
export type Conversion = CelValue | typeof INVALID | typeof INEXACT

export interface ParameterConversion {
  /** The type's name in CEL. */
  readonly celType: string
  readonly convert: (value: unknown) => Conversion
}

const MAX_INT = 9_223_372_036_854_775_807n
const MIN_INT = -9_223_372_036_854_775_808n

const toText = (value: unknown): Conversion => (typeof value === 'string' ? value : INVALID)

const toBool = (value: unknown): Conversion => (typeof value === 'boolean' ? value : INVALID)

/** Text that Go's `big.ParseFloat` may take. */
const NUMERIC = /^[+-]?(?:\d|\.\d|inf)/iu
/** Decimal integers of at most 15 digits are exact in every numeric type. */
const SMALL_INTEGER = /^[+-]?\d{1,15}$/u

function toDouble(value: unknown): number | typeof INVALID | typeof INEXACT {
  const number = toNumber(value)
  // Beyond what a double holds; infinity itself has no digits.
  if (number === INEXACT && Math.abs(Number(value)) === Number.POSITIVE_INFINITY) return INVALID
  return number
}

/** A finite number. JSON has no other; text of a fraction or of many digits is {@link INEXACT}. */
function toNumber(value: unknown): number | typeof INVALID | typeof INEXACT {
  if (typeof value === 'number') return Number.isFinite(value) ? value : INVALID
  if (typeof value !== 'string') return INVALID
  if (SMALL_INTEGER.test(value)) return Number(value) + 0
  return NUMERIC.test(value) ? INEXACT : INVALID
}

/** OpenFGA limits a number beyond 64 bits to the nearest that fits. */
function toInt(value: unknown): bigint | typeof INVALID | typeof INEXACT {
  const number = toNumber(value)
  if (typeof number !== 'number') return number
  if (!Number.isInteger(number)) return INVALID
  const integer = BigInt(number)
  if (integer > MAX_INT) return MAX_INT
  return integer < MIN_INT ? MIN_INT : integer
}

function toUint(value: unknown): Conversion {
  const integer = toInt(value)
  if (typeof integer !== 'bigint') return integer
  return integer < 0n ? INVALID : new UnsignedInt(integer)
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|[+-](\d\d):(\d\d))$/u
const MILLI_DIGITS = 3

/** Milliseconds since 1970 of an RFC 3339 timestamp. */
export function instantOf(text: string): number | typeof INVALID | typeof INEXACT {
  const match = TIMESTAMP.exec(text)
  // Go's parser also takes a comma and hours of one digit.
  if (!match) return /^\d{4}-/u.test(text) ? INEXACT : INVALID
  const [, year = '', month, day, hour, minute, second, fraction = '', zoneHour = '00', zoneMinute = '00'] = match
  const isOfClock = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60
  if (!isOfClock || !isDate(Number(year), Number(month), Number(day))) return INVALID
  if (year === '0000' || Number(zoneHour) > 23 || Number(zoneMinute) > 59) return INEXACT
  if (/[1-9]/u.test(fraction.slice(MILLI_DIGITS))) return INEXACT
  const millis = Date.parse(text.replace(/(\.\d{3})\d+/u, '$1'))
  return Number.isNaN(millis) ? INEXACT : millis
}

function isDate(year: number, month: number, day: number): boolean {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return days !== undefined && day >= 1 && day <= days
}

function toTimestamp(value: unknown): Conversion {
  if (typeof value !== 'string') return INVALID
  const millis = instantOf(value)
  return typeof millis === 'number' ? new Date(millis) : millis
}

const MILLIS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }
/** About 292 years, the longest duration of Go, is 9.2e12 ms; longer ones are left to OpenFGA to reject. */
const LONGEST_MS = 9_000_000_000_000

const toDuration = (value: unknown): Conversion => (typeof value === 'string' ? durationOf(value) : INVALID)

/** A duration of Go: `1h30m`. Fractions and units below the millisecond have no exact representation here. */
export function durationOf(value: string): Duration | typeof INVALID | typeof INEXACT {
  if (/^[+-]?0$/u.test(value)) return durationOfMillis(0)
  if (!/^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/u.test(value)) return INVALID
  const parts = [...value.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gu)]
  let millis = 0
  for (const [, amount = '', unit = ''] of parts) {
    const unitMs = MILLIS[unit]
    if (unitMs === undefined || amount.includes('.')) return INEXACT
    millis += Number(amount) * unitMs
  }
  if (millis > LONGEST_MS) return INEXACT
  return durationOfMillis(value.startsWith('-') ? -millis : millis)
}

/** Nanoseconds are never negative, which the arithmetic of durations rests on. */
function durationOfMillis(millis: number): Duration {
  const seconds = Math.floor(millis / 1_000)
  return new Duration(BigInt(seconds), (millis - seconds * 1_000) * 1_000_000)
}

function toIpAddress(value: unknown): Conversion {
  if (typeof value !== 'string') return INVALID
  if (value.includes('%')) return INEXACT
  return parseIpAddress(value) ?? INVALID
}

/** A value of any type: numbers are doubles. */
function toAny(value: unknown): Conversion {
  if (Array.isArray(value)) return toList(value, toAny)
  if (typeof value === 'object' && value !== null) return toMap(value, toAny)
  return value as Scalar
}

function toList(value: unknown, convertItem: (item: unknown) => Conversion): Conversion {
  if (!Array.isArray(value)) return INVALID
  const items: CelValue[] = []
  for (const item of value) {
    const converted = convertItem(item)
    if (typeof converted === 'symbol') return converted
    items.push(converted)
  }
  return items
}

/** A Map, so that no key can be mistaken for a property that objects inherit. */
function toMap(value: unknown, convertItem: (item: unknown) => Conversion): Conversion {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return INVALID
  const items = new Map<string, CelValue>()
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    const converted = convertItem(item)
    if (typeof converted === 'symbol') return converted
    items.set(key, converted)
  }
  return items
}

const SCALARS: Readonly<Record<string, ParameterConversion>> = {
  TYPE_NAME_STRING: { celType: 'string', convert: toText },
  TYPE_NAME_BOOL: { celType: 'bool', convert: toBool },
  TYPE_NAME_DOUBLE: { celType: 'double', convert: toDouble },
  TYPE_NAME_INT: { celType: 'int', convert: toInt },
  TYPE_NAME_UINT: { celType: 'uint', convert: toUint },
  TYPE_NAME_TIMESTAMP: { celType: 'google.protobuf.Timestamp', convert: toTimestamp },
  TYPE_NAME_DURATION: { celType: 'google.protobuf.Duration', convert: toDuration },
  TYPE_NAME_IPADDRESS: { celType: 'IPAddress', convert: toIpAddress },
  TYPE_NAME_ANY: { celType: 'dyn', convert: toAny },
}

/** @returns `undefined` for a type that OpenFGA 1.22.1 does not have. */
export function conversionOf({ type_name, generic_types = [] }: ParameterTypeJson): ParameterConversion | undefined {
  const scalar = SCALARS[type_name]
  if (scalar) return scalar
  const [of] = generic_types
  const item = of && conversionOf(of)
  if (!item) return undefined
  if (type_name === 'TYPE_NAME_LIST')
    return { celType: `list<${item.celType}>`, convert: (value) => toList(value, item.convert) }
  if (type_name === 'TYPE_NAME_MAP')
    return { celType: `map<string, ${item.celType}>`, convert: (value) => toMap(value, item.convert) }
  return undefined
}
