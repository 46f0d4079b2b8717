/**
 * Search in the entries that are loaded, by their sentences, and by a person. Not a query of the log, which knows people by pseudonyms only: names are on
 * this device. Neither is in the URL, which has no names and no ids of people. Pure.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import { sentenceOfEntry, type Teller, whyOf } from './told.ts'

export interface Search {
  readonly text: string
  /** `user:<sub>`; `undefined`: anybody. */
  readonly person: string | undefined
}

export const NO_SEARCH: Search = { text: '', person: undefined }

export const isSearching = ({ text, person }: Search): boolean => text.trim() !== '' || person !== undefined

/** Whether an entry has every word that was typed, and the person as a party. */
export function isFound(entry: LoggedEntry, { text, person }: Search, teller: SearchTeller): boolean {
  if (person !== undefined && !partiesOf(entry).some((party) => teller.partyIn(party) === person)) return false
  const words = text.toLowerCase().split(/\s+/u).filter(Boolean)
  if (words.length === 0) return true
  const told = `${sentenceOfEntry(entry, teller)} ${whyOf(entry, teller)}`.toLowerCase()
  return words.every((word) => told.includes(word))
}

export interface SearchTeller extends Teller {
  /** The party of a pseudonym, where it is known. */
  readonly partyIn: (party: string) => string
}

function partiesOf({ subject, actor, owner, chain = [], broken = [], change = {} }: LoggedEntry): readonly string[] {
  const links = [...chain, ...broken].flatMap(({ delegator, delegate }) => [delegator, delegate])
  const changed = [change['delegator'], change['delegate'], change['by']]
  return [subject, actor, owner, ...links, ...changed].filter((party) => typeof party === 'string')
}
