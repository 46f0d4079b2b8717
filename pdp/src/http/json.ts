/**
 * Strict JSON parser: in addition to `JSON.parse` it rejects duplicate member names (AuthZEN 1.0, section 11.5), lone surrogates and deep nesting.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7493.html#section-2.3 RFC 7493, section 2.3}
 * @module
 */
import { canonical, refuse } from '@mandate/protocol'

const MAX_DEPTH = 32
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes UTF-8. Rejects invalid bytes, since replacement characters would make different ids equal. @throws Fault `invalid_request`. */
export function utf8Of(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw refuse('invalid_request', 'The body is not UTF-8.')
  }
}

/**
 * Serializes a request canonically, for comparison with another. A number beyond a double becomes `null`.
 */
export function requestText(request: unknown): string {
  return canonical(JSON.parse(JSON.stringify(request)))
}

/**
 * Parses a JSON text.
 *
 * @throws Fault `invalid_request`, naming the member where possible.
 */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('invalid_request', 'The body is not JSON.')
  }
  if (!isPlain(text, value)) requireUniqueNames(text)
  return value
}

/** Whether a text certainly has no duplicate name, escape or deep nesting. Counting names costs a third of comparing them. */
function isPlain(text: string, value: unknown): boolean {
  if (text.includes('\\')) return false
  const names = namesIn(text)
  return names !== undefined && names === namesOf(value)
}

/** Number of members that a text spells, which is valid JSON without escapes; `undefined` where it is nested too deep. */
function namesIn(text: string): number | undefined {
  let names = 0
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = text.indexOf('"', at + 1)
        break
      case COLON:
        names += 1
        break
      case OPENING_BRACE:
      case OPENING_BRACKET:
        depth += 1
        if (depth > MAX_DEPTH) return undefined
        break
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        depth -= 1
    }
  }
  return names
}

/** Number of members that a parsed value has: of members of the same name the last one is left. */
function namesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let names = Array.isArray(value) ? 0 : Object.keys(value).length
  for (const member of Object.values(value)) names += namesOf(member)
  return names
}

const QUOTE = 0x22
const COLON = 0x3a
const OPENING_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSING_BRACKET = 0x5d
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

/** Scans a text that is valid JSON, for strings and brackets only. One pass over the code units: this runs for every request. */
function requireUniqueNames(text: string): void {
  // Stack of open containers: a set of member names per object, `undefined` per array.
  const open: (Set<string> | undefined)[] = []
  let last = ''
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at)
        const literal = text.slice(at, end)
        requireWellFormed(literal, last)
        last = literal
        at = end - 1
        break
      }
      case COLON:
        claimName(open[open.length - 1], last)
        break
      case OPENING_BRACE:
        enter(open, new Set())
        break
      case OPENING_BRACKET:
        enter(open, undefined)
        break
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        open.pop()
    }
  }
}

function enter(open: (Set<string> | undefined)[], names: Set<string> | undefined): void {
  open.push(names)
  if (open.length > MAX_DEPTH) throw refuse('invalid_request', `The body is nested more than ${MAX_DEPTH} deep.`)
}

/** Rejects lone surrogates, which valid UTF-8 can contain only as an escape. @param before - Preceding string, for the message. */
function requireWellFormed(literal: string, before: string): void {
  if (!literal.includes('\\u') || String(JSON.parse(literal)).isWellFormed()) return
  throw refuse('invalid_request', `After ${before || 'nothing'}: the text is not well-formed Unicode.`)
}

function claimName(names: Set<string> | undefined, literal: string): void {
  // Names are compared after unescaping: "a" and "\u0061" are equal.
  const name = literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1)
  if (names?.has(name))
    throw refuse('invalid_request', `The member ${JSON.stringify(name)} occurs twice in one object.`)
  names?.add(name)
}

/** Returns the index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (let unit = text.charCodeAt(at); unit !== QUOTE; unit = text.charCodeAt(at)) at += unit === BACKSLASH ? 2 : 1
  return at + 1
}
