/**
 * The chain of an entry as a picture, with buttons to revoke.
 *
 * @module
 */
import type { Grant, LoggedEntry } from '@mandate/protocol'
import { ChainPicture, chainOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useCall, useOnline } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { RevokeDialog } from '../sharing/revoke.tsx'
import { thenAndNow, toRevoke } from './links.ts'
import type { NamingTeller } from './teller.ts'

const TEXTS = strings.activity

export function Authority({
  entry,
  teller,
}: {
  readonly entry: LoggedEntry
  readonly teller: NamingTeller
}): JSX.Element {
  const { me } = usePeople()
  const things = useThings()
  const grants = useCall('grants.list', { include: 'ended' })
  const { chain = [], owner, decision } = entry
  const isBroken = chain.length === 0
  if (chainOf(entry).length === 0) return <p>{decision ? TEXTS.inPerson : TEXTS.noChain}</p>
  const known = grants.state === 'there' ? grants.value.items : []
  const given = known.filter(({ id, delegator }) => delegator === me && chain.some(({ grant }) => grant === id))
  return (
    <>
      <ChainPicture
        links={thenAndNow(entry, known, things.domains, Date.now())}
        owner={owner}
        nameOf={teller.name}
        givenWords={({ actions, scope }) => strings.sharing.givenWords(things.acts(actions, scope))}
        busy={grants.state === 'loading'}
        {...(isBroken ? { note: TEXTS.broken } : {})}
      />
      {grants.state === 'there' && !isBroken && <Stop live={toRevoke(entry, known, me)} hasGiven={given.length > 0} />}
    </>
  )
}

function Stop({ live, hasGiven }: { readonly live: readonly Grant[]; readonly hasGiven: boolean }): JSX.Element {
  const { called } = usePeople()
  const isOnline = useOnline()
  const [revoking, setRevoking] = useState<Grant>()
  if (live.length === 0) return <p class="aside">{hasGiven ? TEXTS.over : TEXTS.notYours}</p>
  return (
    <div class="stop">
      <p>{TEXTS.mine}</p>
      <div class="buttons">
        {live.map((grant) => (
          <button
            type="button"
            class="button danger"
            key={grant.id}
            disabled={!isOnline}
            onClick={() => setRevoking(grant)}
          >
            {TEXTS.revoke(called(grant.delegate))}
          </button>
        ))}
      </div>
      {revoking && <RevokeDialog grant={revoking} onClose={() => setRevoking(undefined)} />}
    </div>
  )
}
