/**
 * Who reads what of the decision log: people what they are a party to, auditors all, nobody else any (design 6, L8).
 *
 * @module
 */
import { type LoggedEntry, refuse, ulidSchema } from '@mandate/protocol'
import type { EntryIndex } from '../log/port.ts'
import type { Principal } from '../pap/pap.ts'

/** Whose entries may be read: no `party` for all. @throws Fault `forbidden`. */
export function readerOf(by: Principal): { readonly party?: string } {
  if (by.roles.includes('auditor')) return {}
  if (by.party && (by.inPerson || by.party.startsWith('agent:'))) return { party: by.party }
  throw refuse('forbidden', 'People read the decisions they are a party to, auditors all.')
}

/** An entry by its id. What is not theirs looks as if it were not there. @throws Fault `not_found` or `forbidden`. */
export async function entryFor(index: EntryIndex, id: unknown, by: Principal): Promise<LoggedEntry> {
  const { party } = readerOf(by)
  const ulid = ulidSchema.safeParse(id)
  const entry = ulid.success ? await index.get(ulid.data) : undefined
  if (entry && (party === undefined || isParty(entry, party))) return entry
  throw refuse('not_found', 'There is no such decision among yours.')
}

const isParty = ({ subject, actor, owner, chain = [] }: LoggedEntry, party: string): boolean =>
  [subject, actor, owner].includes(party) || chain.some((link) => link.delegator === party || link.delegate === party)
