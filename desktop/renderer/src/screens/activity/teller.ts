/**
 * Names for parties and things of the log.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import { type NameOf, partyOf, short } from '@mandate/ui'
import { useMemo } from 'preact/hooks'
import { useCall } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { knownFrom } from './names.ts'
import type { SearchTeller } from './search.ts'

export interface NamingTeller extends SearchTeller {
  /** For components that show an id when there is no name. */
  readonly name: NameOf
}

/** @param pseudonym - The person's own pseudonym, if known. */
export function useTeller(entries: readonly LoggedEntry[], pseudonym: string | undefined): NamingTeller {
  const people = usePeople()
  const things = useThings()
  const grants = useCall('grants.list', { include: 'ended' })
  const held = grants.state === 'there' ? grants.value.items : undefined
  const known = useMemo(
    () => knownFrom(entries, held ?? [], people.me, pseudonym),
    [entries, held, people.me, pseudonym],
  )
  const partyIn = (party: string): string => known.get(party) ?? party
  const name: NameOf = (party) => people.nameOf(partyIn(party))
  return {
    things,
    grants: held ?? [],
    partyIn,
    name,
    isMe: (party) => partyIn(party) === people.me,
    called: (party) => {
      const { kind, id } = partyOf(party)
      if (kind !== 'user') return name(party) ?? id
      // Of a party to a grant the id is known, so the person can name them; of everyone else there is a pseudonym only.
      return known.has(party) ? people.called(partyIn(party)) : (name(party) ?? strings.activity.stranger(short(id)))
    },
  }
}
