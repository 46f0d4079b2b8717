/**
 * The names of things in the relationship store: injective, short enough, and free of the store's own separators (rule A5). Pure.
 *
 * Encoded ids are `[A-Za-z0-9_=-]`, so `~`, `|` and `.` can join them and nothing a caller sends can forge a joint.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { PersonaId, Scope } from './grants.ts'

const MAX_ENCODED = 64
const PLAIN = /^[A-Za-z0-9_-]$/
/** What stands for itself: all that an id most often is. */
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

/** `type:<encoded id>`, as the store spells a party or a resource. */
export function objectName(ref: PartyRef | ResourceRef): string {
  const { type, id } = splitRef(ref)
  return `${type}:${encodeId(id)}`
}

const joint = (ref: PartyRef | ResourceRef): string => objectName(ref).replace(':', '~')

/** A topmost resource for one period of ownership. */
export const deedScope = (deed: string): Scope => `deed~${deed}`

/** One part below a topmost resource, for the same period. */
export const partScope = (deed: string, part: ResourceRef): Scope => `deed~${deed}~${joint(part)}`

/** All of an owner's in a domain, created under one persona. */
export const allScope = (domain: string, persona: PersonaId): Scope => `all~${domain}~${persona}`

/** Where a delegate's own grants on a scope sit. */
export const seatOf = (scope: Scope, delegate: PartyRef): string => `${scope}|${joint(delegate)}`

/** Where an agent's grants sit that it uses for the very person who gave them (rule A3 by construction). */
export const seatOnBehalf = (scope: Scope, subject: PartyRef, agent: PartyRef): string =>
  `${scope}|${joint(subject)}|${joint(agent)}`

/** What a persona's id says about it. */
export interface PersonaParts {
  readonly holder: PartyRef
  readonly title: string
  readonly circle: string
  /** 1 for the first of this title and circle, one more after each revocation. */
  readonly n: number
}

export function personaId({ holder, title, circle, n }: PersonaParts): PersonaId {
  return `${splitRef(holder).id}.${title}.${circle}.${n}`
}

/** Reads a persona's id. Pseudonyms, titles and circles hold no dot. */
export function personaParts(id: PersonaId): PersonaParts {
  const [holder = '', title = '', circle = '', n = '0'] = id.split('.')
  return { holder: `user:${holder}`, title, circle, n: Number(n) }
}

/** `title/circle`. */
export function personaName(id: PersonaId): string {
  const { title, circle } = personaParts(id)
  return `${title}/${circle}`
}
