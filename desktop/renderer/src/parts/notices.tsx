/**
 * Announces when another party gives or ends authority that concerns the person.
 *
 * @module
 */
import type { Grant, LoggedEntry } from '@mandate/protocol'
import { writtenReason } from '../store/grants.ts'
import { useAround, useEvent } from '../store/hooks.tsx'
import { type People, type Things, usePeople, useThings } from '../store/people.ts'
import { strings } from '../strings.ts'
import { announce } from './toast.tsx'

const TEXTS = strings.activity

/** Renders nothing. */
export function AuthorityNotices(): null {
  const { bridge } = useAround()
  const people = usePeople()
  const things = useThings()
  const look = async ({ kind, target }: LoggedEntry): Promise<void> => {
    if ((kind !== 'grant_issued' && kind !== 'grant_revoked') || target === undefined) return
    // The entry has pseudonyms; the grant has the parties.
    const answer = await bridge.call('grants.read', { id: target })
    const words = answer.ok ? noticeOf(kind, answer.value, people, things) : undefined
    if (words !== undefined) announce(words)
  }
  useEvent('activity', (entry) => void look(entry))
  return null
}

/** `undefined` for what the person did. */
export function noticeOf(
  kind: 'grant_issued' | 'grant_revoked',
  grant: Grant,
  people: People,
  things: Things,
): string | undefined {
  const { delegator, delegate, revoked_by: by } = grant
  const acts = things.acts(grant.actions, grant.scope)
  const named = (party: string): string => strings.capital(people.called(party))
  if (kind === 'grant_issued') {
    return delegator === people.me ? undefined : `${TEXTS.gave(named(delegator), people.called(delegate), acts)}.`
  }
  if (by === undefined || by === people.me || grant.revoke_reason === 'replaced') return undefined
  const reason = writtenReason(grant)
  const what =
    by === delegate ? TEXTS.gaveBack(named(by), acts) : TEXTS.tookBack(named(by), people.called(delegate), acts)
  return reason === undefined ? `${what}.` : `${what}. ${TEXTS.because(reason)}`
}
