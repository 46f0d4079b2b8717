/**
 * List of grants as sentences, with buttons to revoke and pass on.
 *
 * @module
 */
import type { Grant } from '@mandate/protocol'
import { Glyph } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import {
  asTree,
  endOf,
  endsSoon,
  sentenceOf,
  termsOf,
  type Uses,
  unusedFirst,
  useWords,
  withheldWords,
} from '../../store/grants.ts'
import { useCall, useOnline } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { GrantDialog } from './grant-dialog.tsx'
import { RevokeDialog } from './revoke.tsx'

const TEXTS = strings.sharing

/** Children follow their parent. */
export function GrantLines({ grants }: { readonly grants: readonly Grant[] }): JSX.Element {
  const [revoking, setRevoking] = useState<Grant>()
  const [passing, setPassing] = useState<Grant>()
  const loaded = useCall('uses.list')
  const uses = loaded.state === 'there' ? loaded.value : undefined
  return (
    <>
      <ul class="grants">
        {asTree(unusedFirst(grants, uses)).map(({ grant, depth }) => (
          <li key={grant.id} class={`grant grant-${grant.status} depth-${Math.min(depth, MOST_DEPTH)}`}>
            <GrantLine
              grant={grant}
              all={grants}
              uses={uses}
              onRevoke={() => setRevoking(grant)}
              onPass={() => setPassing(grant)}
            />
          </li>
        ))}
      </ul>
      {revoking && <RevokeDialog grant={revoking} onClose={() => setRevoking(undefined)} />}
      {passing && <GrantDialog parent={passing} onClose={() => setPassing(undefined)} />}
    </>
  )
}

const MOST_DEPTH = 3

interface GrantLineProps {
  readonly grant: Grant
  readonly all: readonly Grant[]
  readonly uses: Uses | undefined
  readonly onRevoke: () => void
  readonly onPass: () => void
}

function GrantLine({ grant, all, uses, onRevoke, onPass }: GrantLineProps): JSX.Element {
  const people = usePeople()
  const things = useThings()
  const isOnline = useOnline()
  const isMine = grant.delegate === people.me
  const end = endOf(grant, people, all)
  const sentence = sentenceOf(grant, people, things)
  return (
    <>
      <div class="grant-words">
        <p class="grant-sentence">{sentence}</p>
        {termsOf(grant, things.domains).map((term) => (
          <p class="grant-terms" key={term}>
            {term}
          </p>
        ))}
        {uses && grant.status === 'live' && <p class="grant-terms">{useWords(grant.id, uses)}</p>}
        {withheldWords(grant, people, things.domains).map((words) => (
          <p class="grant-soon" key={words}>
            <Glyph name="open" /> {words}
          </p>
        ))}
        {endsSoon(grant, Date.now()) && (
          <p class="grant-soon">
            <Glyph name="open" /> {TEXTS.endsSoon}
          </p>
        )}
        {end !== undefined && <p class="grant-end">{end}</p>}
      </div>
      {grant.status === 'live' && (
        <div class="buttons">
          {isMine && grant.redelegations > 0 && (
            <button
              type="button"
              class="button"
              aria-label={`${TEXTS.passOn}: ${sentence}`}
              disabled={!isOnline}
              onClick={onPass}
            >
              {TEXTS.passOn}
            </button>
          )}
          <button
            type="button"
            class="button danger"
            aria-label={`${isMine ? TEXTS.giveBack : TEXTS.revoke}: ${sentence}`}
            disabled={!isOnline}
            onClick={onRevoke}
          >
            {isMine ? TEXTS.giveBack : TEXTS.revoke}
          </button>
        </div>
      )}
    </>
  )
}
