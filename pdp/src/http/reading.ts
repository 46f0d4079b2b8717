/**
 * Access control of the decision log (rule L8): a person reads the entries that they are a party to, limited to what they may know; an auditor reads
 * all; other callers none. Every route that returns entries uses it.
 *
 * @module
 */
import {
  type DecisionFilter,
  type LoggedEntry,
  type PartyRef,
  type Reader,
  refuse,
  ulidSchema,
} from '@mandate/protocol'
import type { Principal } from '../pap/pap.ts'
import type { EntryIndex, IndexPage, IndexQuery, TailPage } from '../ports/log.ts'
import { readerOfEntries, shownTo } from './disclosure.ts'

/** The index, restricted to one reader. */
export interface Reading {
  query(query: IndexQuery): Promise<IndexPage>
  tail(filter: DecisionFilter, after?: string): Promise<TailPage>
  /** Reads an entry, as disclosed and as logged. @throws Fault `not_found`, also for an entry that the reader may not see. */
  entry(id: unknown): Promise<{ readonly shown: LoggedEntry; readonly logged: LoggedEntry }>
}

/** Restricts the index to a caller. @throws Fault `forbidden` unless it is a person or an auditor. */
export function readingBy(index: EntryIndex, by: Principal): Reading {
  const reader = readerOfEntries(by)
  if (reader.seesAll) return reading(index, reader, undefined)
  if (by.party && (by.inPerson || by.party.startsWith('agent:'))) return reading(index, reader, by.party)
  throw refuse('forbidden', 'Only people (entries they are a party to) and auditors may read the decision log.')
}

/** Restricts the index to a person's own entries, whatever their roles. */
export const readingOf = (index: EntryIndex, person: PartyRef): Reading =>
  reading(index, { seesAll: false, parties: [person], inPerson: true }, person)

/** @param party - Restricts to this party's entries; absent: all entries. */
function reading(index: EntryIndex, reader: Reader, party: PartyRef | undefined): Reading {
  const shown = shownTo(reader)
  return {
    query: async (query) => {
      const page = await index.query(query, { party })
      return { ...page, entries: page.entries.map(shown) }
    },
    tail: async (filter, after) => {
      const page = await index.tail(filter, { party, after })
      return { ...page, entries: page.entries.map(({ entry, position }) => ({ entry: shown(entry), position })) }
    },
    entry: async (id) => {
      const ulid = ulidSchema.safeParse(id)
      const logged = ulid.success ? await index.get(ulid.data) : undefined
      if (logged && (party === undefined || isParty(logged, party))) return { shown: shown(logged), logged }
      throw refuse('not_found', 'There is no such decision among yours.')
    },
  }
}

const isParty = ({ subject, actor, owner, chain = [] }: LoggedEntry, party: string): boolean =>
  [subject, actor, owner].includes(party) || chain.some((link) => link.delegator === party || link.delegate === party)
