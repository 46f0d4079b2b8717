/**
 * Which JSON values fit a condition's parameter, as facts store them. Only values that OpenFGA and the PDP's own engine evaluate alike. Pure.
 *
 * @module
 */
import { DURATION_FORM, IP_ADDRESS_FORM, isDuration, isIpAddress } from '@mandate/protocol'
import type { Parameter, ParameterType } from '../ports/model.ts'

type Item = Exclude<ParameterType, 'list' | 'map'>

/** Values of `any` are never stored: their type would differ from fact to fact. */
const FITS: Readonly<Record<Item, (value: unknown) => boolean>> = {
  string: isStorableText,
  bool: (value) => typeof value === 'boolean',
  double: (value) => Number.isFinite(value),
  int: (value) => Number.isSafeInteger(value),
  uint: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  timestamp: (value) => typeof value === 'string' && isTimestamp(value),
  duration: (value) => typeof value === 'string' && isDuration(value),
  ipaddress: (value) => typeof value === 'string' && isIpAddress(value),
  any: () => false,
}

const FORMS: Readonly<Record<Item, string>> = {
  string: 'a text of well-formed Unicode without control characters',
  bool: 'true or false',
  double: 'a number',
  int: 'a whole number',
  uint: 'a whole number that is not negative',
  timestamp: 'an RFC 3339 timestamp with seconds and a zone, such as 2099-06-01T00:00:00Z',
  duration: DURATION_FORM,
  ipaddress: IP_ADDRESS_FORM,
  any: 'of another type than any, whose values cannot be stored',
}

type Typed = Pick<Parameter, 'type' | 'of'>

/** Why a value cannot be stored for a parameter: "must be …". `undefined` when it can. */
export function valueObjection({ type, of }: Typed, value: unknown): string | undefined {
  if (type !== 'list' && type !== 'map') return FITS[type](value) ? undefined : `must be ${FORMS[type]}.`
  const item = itemOf(of)
  const items = type === 'list' ? listItems(value) : mapItems(value)
  if (type === 'map' && !Object.keys(Object(value)).every(isStorableText))
    return `must be an object in which each name is ${FORMS.string}.`
  if (items?.every(FITS[item])) return undefined
  return `must be ${type === 'list' ? 'a list' : 'an object'} in which each value is ${FORMS[item]}.`
}

/** Whether a fact can have a value for the parameter at all. */
export const canBeStored = ({ type, of }: Typed): boolean => type !== 'any' && itemOf(of) !== 'any'

/** The language has no lists of lists. */
const itemOf = (of: ParameterType | undefined): Item =>
  of === undefined || of === 'list' || of === 'map' ? 'string' : of

const listItems = (value: unknown): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined)
const mapItems = (value: unknown): readonly unknown[] | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.values(value) : undefined

/** OpenFGA refuses every other text in the context of a condition. */
function isStorableText(value: unknown): boolean {
  return typeof value === 'string' && value.isWellFormed() && !/\p{Cc}/u.test(value)
}

const TIMESTAMP =
  /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/u
/** The instants that a condition can compare: the years 1 to 9999, in UTC. */
const [EARLIEST, LATEST] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')]

/** RFC 3339 with seconds and a zone, a day that exists. @see {@link https://www.rfc-editor.org/rfc/rfc3339#section-5.6 RFC 3339, section 5.6} */
function isTimestamp(value: string): boolean {
  const day = TIMESTAMP.exec(value)?.[1]
  if (day === undefined) return false
  const noon = new Date(`${day}T12:00:00Z`)
  const at = Date.parse(value.replace(/(\.\d{3})\d+/u, '$1'))
  return !Number.isNaN(noon.getTime()) && noon.toISOString().startsWith(day) && at >= EARLIEST && at <= LATEST
}
