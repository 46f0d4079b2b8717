/**
 * Gives a grant again that was just revoked. A revocation takes effect at once and is final, so undoing it is a new grant on the same terms.
 *
 * @module
 */
import type { EpochMillis, Grant } from '@mandate/protocol'
import { useCallback } from 'preact/hooks'
import type { Input } from '../../../../src/shared/channel.ts'
import { problemWords } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAround } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'

const TEXTS = strings.revoke

/** The same terms as a request; `undefined` where the person is not the giver, or the grant would have expired. */
export function sameAgain(grant: Grant, me: string, now: EpochMillis): Input<'grants.issue'> | undefined {
  const { delegator, delegate, scope, actions, limits, redelegations, unattended, parent } = grant
  const { expires_at: until, delegator_persona: from, delegate_persona: to } = grant
  if (delegator !== me || Date.parse(until) - now < SHORTEST_MS) return undefined
  return {
    delegate,
    scope,
    actions,
    limits,
    expires_at: until,
    redelegations,
    unattended,
    ...(from === undefined ? {} : { delegator_persona: from }),
    ...(to === undefined ? {} : { delegate_persona: to }),
    ...(parent === undefined ? {} : { parent }),
  }
}

/** Shortest life of a grant that the PDP accepts, in milliseconds. */
const SHORTEST_MS = 60_000

/** Gives it again, and announces how that went. `who`: the delegate in the middle of a sentence. */
export function useGiveAgain(): (request: Input<'grants.issue'>, who: string) => Promise<void> {
  const { bridge, cache } = useAround()
  return useCallback(
    async (request, who) => {
      const answer = await bridge.call('grants.issue', request)
      cache.changed(['grants', 'activity'])
      announce(answer.ok ? strings.capital(TEXTS.undone(who)) : TEXTS.notUndone(problemWords(answer.problem)))
    },
    [bridge, cache],
  )
}
