/**
 * Canonical JSON (RFC 8785): one text for one value, so that a hash of it means something.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8785.html RFC 8785}
 * @module
 */

/**
 * Writes a JSON value canonically: members sorted by UTF-16 code units, ECMAScript's numbers and strings, no white space.
 * Members that are `undefined` are left out, as JSON.stringify does.
 *
 * @throws TypeError for what JSON cannot hold: non-finite numbers, lone surrogates, bigint, functions.
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
