/**
 * Canonical JSON (RFC 8785, "JCS"): equal values have equal texts, so the text can be hashed and signed. Pure.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8785.html RFC 8785}
 * @module
 */

/**
 * Serializes a JSON value canonically: members sorted by UTF-16 code units, numbers and strings as ECMAScript writes them, no white space.
 * Members that are `undefined` are left out, as JSON.stringify does.
 *
 * @throws TypeError for values that JSON cannot represent: non-finite numbers, lone surrogates, bigint, functions.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8785.html#section-3.2 RFC 8785, section 3.2}
 */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('canonical JSON holds finite numbers only')
      return Object.is(value, -0) ? '0' : `${value}`
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return canonicalArray(value)
      return canonicalObject(value as Readonly<Record<string, unknown>>)
    default:
      throw new TypeError(`canonical JSON holds no ${typeof value}`)
  }
}

/** Printable ASCII without quote and backslash: JSON writes it as it is. */
const PLAIN = /^[ !#-[\]-~]*$/

function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new TypeError('canonical JSON holds no lone surrogates')
  return JSON.stringify(text)
}

function canonicalArray(values: readonly unknown[]): string {
  let text = ''
  for (const value of values) text += text === '' ? canonical(value) : `,${canonical(value)}`
  return `[${text}]`
}

function canonicalObject(value: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(value)
  if (!isAscending(names)) names.sort()
  let text = ''
  for (const name of names) {
    const member = value[name]
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(name)}:${canonical(member)}`
  }
  return `{${text}}`
}

/** Sorting costs more than the rest: objects whose members were written in order are spared it. */
function isAscending(names: readonly string[]): boolean {
  for (let at = 1; at < names.length; at += 1) if ((names[at - 1] ?? '') > (names[at] ?? '')) return false
  return true
}
