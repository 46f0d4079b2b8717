/**
 * Conversion between instants and the values of `datetime-local` fields, which are wall-clock times without a zone. An instant whose field was
 * not changed is returned exactly, also in the hour that repeats when clocks go back. Pure, but for the reader's time zone.
 *
 * @module
 */

/** The reader's time zone: `Europe/Madrid`. */
const readersZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

const DAY_MS = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, hourCycle: 'h23', ...parts, second: 'numeric' })
  formats.set(zone, format)
  return format
}

/** Offset of a zone from UTC at an instant, in milliseconds. */
function offsetAt(at: number, zone: string): number {
  const whole = Math.floor(at / 1_000) * 1_000
  const part = Object.fromEntries(
    formatOf(zone)
      .formatToParts(whole)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second) - whole
}

/** The wall-clock time of a zone at an instant, as if it were UTC. */
const wallOf = (at: number, zone: string): number => at + offsetAt(at, zone)

/** `2026-11-29T14:00`; with seconds and thousandths where they are not zero. Empty for an invalid instant. */
export function localOf(instant: string, zone = readersZone()): string {
  const at = Date.parse(instant)
  if (Number.isNaN(at)) return ''
  const local = new Date(wallOf(at, zone)).toISOString()
  if (!local.endsWith('.000Z')) return local.slice(0, -1)
  return local.endsWith(':00.000Z') ? local.slice(0, -8) : local.slice(0, -5)
}

/**
 * The instant of a wall-clock time. Where the time occurs twice because clocks go back: the instant with the offset of `before`, else the first.
 *
 * @param before - The instant that the field showed first. It is returned exactly when the field still shows it.
 * @returns `undefined` for an invalid time, and for one that clocks skip when they go forward.
 */
export function instantOf(local: string, before?: string, zone = readersZone()): string | undefined {
  const wall = Date.parse(`${local}Z`)
  if (Number.isNaN(wall)) return undefined
  const origin = before === undefined ? Number.NaN : Date.parse(before)
  const originOffset = Number.isNaN(origin) ? undefined : offsetAt(origin, zone)
  if (before !== undefined && originOffset !== undefined && origin + originOffset === wall) return before
  const offsets = [offsetAt(wall - DAY_MS, zone), offsetAt(wall + DAY_MS, zone)]
  const fitting = offsets.filter((offset) => offsetAt(wall - offset, zone) === offset)
  const offset = fitting.find((one) => one === originOffset) ?? fitting[0]
  return offset === undefined ? undefined : new Date(wall - offset).toISOString()
}

/** The time zone with its offset at an instant: `Europe/Madrid (GMT+1)`. Without a valid instant: its offset now. */
export function zoneWords(instant: string | undefined, zone = readersZone()): string {
  const at = instant === undefined || Number.isNaN(Date.parse(instant)) ? Date.now() : Date.parse(instant)
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'shortOffset' })
  const offset = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
  return `${zone} (${offset})`
}
