/**
 * Who reads what of the decision log: people what they are a party to, and of it what they may know; auditors all; nobody else any (rule L8).
 * Every door to entries goes through here.
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

/** The index as one reader sees it. */
export interface Reading {
  query(query: IndexQuery): Promise<IndexPage>
  tail(filter: DecisionFilter, after?: string): Promise<TailPage>
  /** An entry as it may be shown, and as it is logged. What is not theirs looks as if it were not there. @throws Fault `not_found`. */
  entry(id: unknown): Promise<{ readonly shown: LoggedEntry; readonly logged: LoggedEntry }>
}

/** @throws Fault `forbidden`. */
export function readingBy(index: EntryIndex, by: Principal): Reading {
  const reader = readerOfEntries(by)
  if (reader.seesAll) return reading(index, reader, undefined)
  if (by.party && (by.inPerson || by.party.startsWith('agent:'))) return reading(index, reader, by.party)
  throw refuse('forbidden', 'People read the decisions they are a party to, auditors all.')
}

/** Of a person's own, whatever roles they have. */
export const readingOf = (index: EntryIndex, person: PartyRef): Reading =>
  reading(index, { seesAll: false, parties: [person], inPerson: true }, person)

/** @param party - Whose entries are read: everybody's when absent. */
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
