/**
 * The id of a persona: who holds it and as what can be read from it. Pure.
 *
 * @module
 */
import { type PartyRef, splitRef } from '@mandate/protocol'
import type { PersonaId } from './grants.ts'

/** The parts of a persona's id. */
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

/** Decisions read the same ids again and again. Emptied when it is full. */
const READ = new Map<PersonaId, PersonaParts>()
const MOST_READ = 10_000

/** Reads a persona's id. Pseudonyms, titles and circles hold no dot. */
export function personaParts(id: PersonaId): PersonaParts {
  const known = READ.get(id)
  if (known) return known
  const [holder = '', title = '', circle = '', n = '0'] = id.split('.')
  const parts: PersonaParts = { holder: `user:${holder}`, title, circle, n: Number(n) }
  if (READ.size >= MOST_READ) READ.clear()
  READ.set(id, parts)
  return parts
}

/** `title/circle`. */
export function personaName(id: PersonaId): string {
  const { title, circle } = personaParts(id)
  return `${title}/${circle}`
}
