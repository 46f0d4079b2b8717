/**
 * Forms of texts that conditions read as values: durations and IP addresses. Only forms that OpenFGA and the PDP's own engine read alike. Pure.
 *
 * @module
 */

const DURATION = /^-?(?:\d+(?:ms|h|m|s))+$/u
const PARTS = /(\d+)(ms|h|m|s)/gu
const MILLIS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }
/** Go's longest duration is about 292 years. */
const LONGEST_MS = 9_000_000_000_000

/** What {@link isDuration} accepts, for messages. */
export const DURATION_FORM = 'a duration of whole hours, minutes, seconds or milliseconds, such as 1h30m or 250ms'

/** Whether a text is a duration as Go writes it, without fractions and not below the millisecond: `36h`, `1h30m`, `-5m`. At most 285 years. */
export function isDuration(text: string): boolean {
  if (!DURATION.test(text)) return false
  let millis = 0
  for (const [, amount, unit = ''] of text.matchAll(PARTS)) millis += Number(amount) * (MILLIS[unit] ?? Number.NaN)
  return millis <= LONGEST_MS
}

/** What {@link isIpAddress} accepts, for messages. */
export const IP_ADDRESS_FORM =
  'an IPv4 or IPv6 address without a zone or a prefix length, such as 192.0.2.7 or 2001:db8::7'

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`, 'u')
const GROUP = /^[0-9a-f]{1,4}$/iu
const GROUPS = 8

/** Whether a text is an IP address: IPv4 in four decimal numbers, or IPv6 (RFC 4291, section 2.2). */
export function isIpAddress(text: string): boolean {
  return IPV4.test(text) || isIpv6(text)
}

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  const count = countGroups(groups.flat())
  return halves.length === 2 ? count < GROUPS : count === GROUPS
}

/** The number of 16-bit groups; `NaN` when one is malformed. Only the last may be an IPv4 address, which stands for two. */
function countGroups(groups: readonly string[]): number {
  const last = groups.at(-1) ?? ''
  const plain = IPV4.test(last) ? groups.slice(0, -1) : groups
  if (!plain.every((group) => GROUP.test(group))) return Number.NaN
  return plain.length === groups.length ? plain.length : plain.length + 2
}
