/**
 * JSON bodies, read more strictly than `JSON.parse` does: a duplicate member name is an error, not the last one wins (AuthZEN 1.0, section
 * 11.5), and nesting is bounded.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7493.html#section-2.3 RFC 7493, section 2.3}
 * @module
 */
import { canonical, refuse } from '@mandate/protocol'

const MAX_DEPTH = 32
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws Fault `invalid_request` for bytes that are not UTF-8: two of them must not read as the same id. */
export function utf8Of(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw refuse('invalid_request', 'The body is not UTF-8.')
  }
}

/**
 * One text for one request, to be compared with another's. A number that no double holds counts as `null`: it is no more usable.
 */
export function requestText(request: unknown): string {
  return canonical(JSON.parse(JSON.stringify(request)))
}

/**
 * Parses a JSON text.
 *
 * @throws Fault `invalid_request`, naming the member where one can be named.
 */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('invalid_request', 'The body is not JSON.')
  }
  requireUniqueNames(text)
  return value
}

/** Walks a text that is known to be JSON: only strings and brackets matter. */
function requireUniqueNames(text: string): void {
  // One set of names for each open object, `undefined` for each open array.
  const open: (Set<string> | undefined)[] = []
  let last = ''
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '"': {
        const end = endOfString(text, at)
        const literal = text.slice(at, end)
        requireWellFormed(literal, last)
        last = literal
        at = end - 1
        break
      }
      case ':':
        claimName(open[open.length - 1], last)
        break
      case '{':
      case '[':
        open.push(text[at] === '{' ? new Set() : undefined)
        if (open.length > MAX_DEPTH) throw refuse('invalid_request', `The body is nested more than ${MAX_DEPTH} deep.`)
        break
      case '}':
      case ']':
        open.pop()
    }
  }
}

/** Half a surrogate pair can only be spelled as an escape. @param before - The string before it: a member's name, if this is its value. */
function requireWellFormed(literal: string, before: string): void {
  if (!literal.includes('\\u') || String(JSON.parse(literal)).isWellFormed()) return
  throw refuse('invalid_request', `After ${before || 'nothing'}: the text is not well-formed Unicode.`)
}

function claimName(names: Set<string> | undefined, literal: string): void {
  // Names are compared as they read, not as they are spelled: "a" and "\u0061" are one.
  const name = literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1)
  if (names?.has(name))
    throw refuse('invalid_request', `The member ${JSON.stringify(name)} stands twice in one object.`)
  names?.add(name)
}

/** The index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}
