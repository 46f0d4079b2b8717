/**
 * Recorder: makes log entries from events, and appends them durably.
 *
 * @module
 */
import { type Entry, isQuestion } from '@mandate/protocol'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Clock } from '../ports/clock.ts'
import type { DecisionLog } from '../ports/log.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'
import { currentSpan, traced } from '../ports/tracing.ts'
import { RandomPool } from '../runtime/random-pool.ts'
import { requestIds } from '../runtime/request-ids.ts'

export interface RecorderDeps {
  readonly log: Pick<DecisionLog, 'append'>
  readonly clock: Clock
  readonly newId: () => string
  /** Whether a text is the sub of a known person, ignoring case and dashes. */
  readonly isSub: (text: string) => Awaitable<boolean>
}

export function createRecorder({ log, clock, newId, isSub }: RecorderDeps): Recorder {
  return async (drafts) => {
    const at = new Date(clock()).toISOString()
    const ids = idsToCheck(drafts)
    const subs = ids.size === 0 ? NO_SUBS : await subsAmong(ids, isSub)
    const entries = drafts.map(
      (draft): Entry => ({ ...withoutSubs(draft, subs), ...saltOf(draft), v: 1, id: draft.id ?? newId(), at }),
    )
    await traced(currentSpan(), 'record', () => log.append(entries))
    return entries.map(({ id }) => id)
  }
}

const NO_SUBS: ReadonlySet<string> = new Set()

/** The request and trace ids that callers sent: only those can be a person's sub. The entries of one call share their ids. */
function idsToCheck(drafts: readonly EntryDraft[]): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const { request_id: requestId, trace } of drafts) {
    if (requestId !== undefined && !requestIds.isOwn(requestId)) ids.add(requestId)
    if (trace !== undefined) ids.add(trace)
  }
  return ids
}

/**
 * Which ids are a person's sub. Looked up here, and not only when the request arrives: a caller or a subject who is named for the first time becomes
 * known while the request is handled.
 */
async function subsAmong(
  ids: ReadonlySet<string>,
  isSub: (text: string) => Awaitable<boolean>,
): Promise<ReadonlySet<string>> {
  const subs = new Set<string>()
  for (const id of ids) if (await isSub(id)) subs.add(id)
  return subs
}

/** Leaves out a request or trace id that is a person's sub. */
function withoutSubs(draft: EntryDraft, subs: ReadonlySet<string>): EntryDraft {
  if (subs.size === 0) return draft
  const isKept = (id: string | undefined): boolean => id === undefined || !subs.has(id)
  if (isKept(draft.request_id) && isKept(draft.trace)) return draft
  const { request_id: requestId, trace, ...rest } = draft
  return {
    ...rest,
    ...(requestId !== undefined && isKept(requestId) ? { request_id: requestId } : {}),
    ...(trace !== undefined && isKept(trace) ? { trace } : {}),
  }
}

const SALT_BYTES = 16
const salts = new RandomPool()

/** A salt for entries that some readers see in part only: entry hashes are public, and without it hidden members could be guessed. */
const saltOf = ({ kind }: EntryDraft): Pick<Entry, 'salt'> =>
  isQuestion(kind) ? { salt: salts.base64url(SALT_BYTES) } : {}
