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
      if (!value.isWellFormed()) throw new TypeError('canonical JSON holds no lone surrogates')
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('canonical JSON holds finite numbers only')
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
      return canonicalObject(value as Readonly<Record<string, unknown>>)
    default:
      throw new TypeError(`canonical JSON holds no ${typeof value}`)
  }
}

function canonicalObject(value: Readonly<Record<string, unknown>>): string {
  const members: string[] = []
  for (const name of Object.keys(value).sort()) {
    if (value[name] !== undefined) members.push(`${canonical(name)}:${canonical(value[name])}`)
  }
  return `{${members.join(',')}}`
}
