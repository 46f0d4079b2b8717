/**
 * How adapters spell ids, scopes and seats in the relationship store and in database rows: injective, short, and free of the store's own
 * separators (rule A5). For adapters only. Pure.
 *
 * Encoded ids are `[A-Za-z0-9_=-]`, so `~`, `|` and `.` can join them and nothing that a caller sends can forge a separator.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { Scope, Seat } from './grants.ts'

const MAX_ENCODED = 64
const PLAIN = /^[A-Za-z0-9_-]$/
/** Ids that are stored as they are. */
const PLAIN_ID = new RegExp(`^[A-Za-z0-9_-]{0,${MAX_ENCODED}}$`)

/**
 * Encodes any text injectively: `[A-Za-z0-9_-]` stay, every other byte of its UTF-8 becomes `=HH`, and what would be longer than 64
 * characters becomes `=h` and its SHA-256. (`=h` begins no escape: those are upper-case hex.)
 */
export function encodeId(id: string): string {
  if (PLAIN_ID.test(id)) return id
  let encoded = ''
  for (const byte of Buffer.from(id, 'utf8')) {
    const character = String.fromCharCode(byte)
    encoded += PLAIN.test(character) ? character : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded.length <= MAX_ENCODED ? encoded : `=h${createHash('sha256').update(id).digest('base64url')}`
}

/** References whose ids are stored as they are. */
const PLAIN_REF = new RegExp(`^[^:]*:[A-Za-z0-9_-]{0,${MAX_ENCODED}}$`)

/** `type:<encoded id>`. */
export function objectName(ref: PartyRef | ResourceRef): string {
  if (PLAIN_REF.test(ref)) return ref
  const { type, id } = splitRef(ref)
  return `${type}:${encodeId(id)}`
}

const joined = (ref: PartyRef | ResourceRef): string => objectName(ref).replace(':', '~')

/** `deed~<deed>`, `deed~<deed>~<part>` or `all~<domain>~<persona>`. */
export function scopeName(scope: Scope): string {
  if (!('deed' in scope)) return `all~${scope.domain}~${scope.persona}`
  return scope.part === undefined ? `deed~${scope.deed}` : `deed~${scope.deed}~${joined(scope.part)}`
}

/**
 * The scope that a name spells.
 *
 * @param covers - The same scope in the words of the request: a part's name alone may be a hash.
 * @returns `undefined` for a name that is not one of these.
 */
export function scopeOf(name: string, covers: string): Scope | undefined {
  const [kind, first, ...rest] = name.split('~')
  if (!first) return undefined
  if (kind === 'all') return { domain: first, persona: rest.join('~') }
  if (kind !== 'deed') return undefined
  const scope = { deed: first, part: rest.length > 0 ? (covers as ResourceRef) : undefined }
  return scopeName(scope) === name ? scope : undefined
}

/** `<scope>|<delegate>`, or `<scope>|<person>|<agent>` where the agent acts for the person who granted. */
export const seatName = ({ scope, delegate, onBehalfOf }: Seat): string =>
  [scopeName(scope), ...(onBehalfOf === undefined ? [] : [joined(onBehalfOf)]), joined(delegate)].join('|')
