/**
 * The decision log as it grows: every entry that the person is a party to is an event, none of them twice and none left out, as long as they are
 * signed in.
 *
 * @module
 */
import { type EntryKind, type LoggedEntry, loggedEntrySchema } from '@mandate/protocol'
import { jsonOf } from '@mandate/service/sse'
import type { EventOf } from '../shared/channel.ts'
import { again } from './again.ts'
import type { Context } from './handlers.ts'
import { CallProblem } from './problems.ts'
import { eventsOf } from './sse.ts'

type What = EventOf<'changed'>['what']

const FIRST_MS = 500
const MOST_MS = 30_000

/** What an entry says has changed. */
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

/** The PDP ends the stream with the token; it is opened again with the next, behind the last entry that came. */
export function tailActivity({ api, emit, account }: Pick<Context, 'api' | 'emit' | 'account'>): void {
  let last: string | undefined
  const listen = async (): Promise<'well' | 'badly'> => {
    const headers = last === undefined ? {} : { 'last-event-id': last }
    const response = await api.open('pdp', { path: '/v1/decisions/stream', headers }).catch((error: unknown) => {
      // A position that the log does not know any more: from now on, then.
      if (error instanceof CallProblem && error.view.code === 'invalid_request') last = undefined
      throw error
    })
    let got: 'well' | 'badly' = 'badly'
    try {
      for await (const event of eventsOf(response)) {
        got = 'well'
        const entry = loggedEntrySchema.safeParse(jsonOf(event))
        if (entry.success) tell(entry.data, emit)
        last = event.id ?? last
      }
    } catch {
      // Broken off; it is taken up where it was.
    }
    return got
  }
  void again(listen, { end: account.end, firstMs: FIRST_MS, mostMs: MOST_MS })
}

function tell(entry: LoggedEntry, emit: Context['emit']): void {
  emit('activity', entry)
  const what = CHANGED[entry.kind] ?? (isBooking(entry) ? 'trips' : undefined)
  if (what) emit('changed', { what })
}

/** Somebody's doing something, tried or done; a trip shows both. */
function isBooking({ kind, action }: LoggedEntry): boolean {
  return kind === 'evaluation' && (action === 'execute' || action === 'update')
}
