/**
 * Live stream of the decision log: emits each new entry that the person may read, exactly once, while they are signed in.
 *
 * @module
 */
import { type EntryKind, type LoggedEntry, loggedEntrySchema } from '@mandate/protocol'
import { jsonOf } from '@mandate/service/sse'
import type { EventOf } from '../shared/channel.ts'
import type { Context } from './handlers.ts'
import { CallProblem } from './problems.ts'
import { retryUntilDone } from './retry.ts'
import { eventsOf } from './sse.ts'

type What = EventOf<'changed'>['what']

const FIRST_MS = 500
const MOST_MS = 30_000

/** Kind of data that each kind of entry changes. */
const CHANGED: Readonly<Partial<Record<EntryKind, What>>> = {
  grant_issued: 'grants',
  grant_revoked: 'grants',
  grants_swept: 'grants',
  invitation_changed: 'invitations',
  persona_created: 'personas',
  persona_changed: 'personas',
  resource_registered: 'trips',
  resource_removed: 'trips',
  resource_transferred: 'trips',
}

/** Follows the stream. The PDP closes it when the token expires; it is reopened after the last entry received. */
export function followActivity({ api, emit, account }: Pick<Context, 'api' | 'emit' | 'account'>): void {
  let last: string | undefined
  const listen = async (): Promise<'progress' | 'failed'> => {
    const headers = last === undefined ? {} : { 'last-event-id': last }
    const response = await api.open('pdp', { path: '/v1/decisions/stream', headers }).catch((error: unknown) => {
      // The log does not know this position any more: continue with new entries.
      if (error instanceof CallProblem && error.view.code === 'invalid_request') last = undefined
      throw error
    })
    let got: 'progress' | 'failed' = 'failed'
    try {
      for await (const event of eventsOf(response)) {
        got = 'progress'
        // Agents and personas of others changed, of which no entry tells this person.
        if (event.name === 'grants') emit('changed', { what: 'grants' })
        const entry = loggedEntrySchema.safeParse(jsonOf(event))
        if (entry.success) tell(entry.data, emit)
        last = event.id ?? last
      }
    } catch {
      // The connection broke; the next stream continues.
    }
    // The PDP closes the streams of a session that has ended: this finds out at once, not with the next poll.
    if (!account.end.aborted) await account.session.check('pdp').catch(() => undefined)
    return got
  }
  void retryUntilDone(listen, { end: account.end, firstMs: FIRST_MS, mostMs: MOST_MS })
}

function tell(entry: LoggedEntry, emit: Context['emit']): void {
  emit('activity', entry)
  const what = CHANGED[entry.kind] ?? (isAttempt(entry) ? 'trips' : undefined)
  if (what) emit('changed', { what })
}

/** Whether an entry changes what a trip shows: attempts are shown too. */
function isAttempt({ kind, action }: LoggedEntry): boolean {
  return kind === 'evaluation' && (action === 'execute' || action === 'update')
}
