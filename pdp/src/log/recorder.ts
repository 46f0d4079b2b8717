/**
 * The recorder: turns what happened into entries and makes them durable.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type Entry, isQuestion } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { DecisionLog } from '../ports/log.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'

export interface RecorderDeps {
  readonly log: Pick<DecisionLog, 'append'>
  readonly clock: Clock
  readonly newId: () => string
  /** Whether a text is the sub of a known person, in any spelling. */
  readonly isSub: (text: string) => boolean
}

export function createRecorder({ log, clock, newId, isSub }: RecorderDeps): Recorder {
  return async (drafts) => {
    const at = new Date(clock()).toISOString()
    const stripped = withoutSubs(isSub)
    const entries = drafts.map(
      (draft): Entry => ({ ...stripped(draft), ...saltOf(draft), v: 1, id: draft.id ?? newId(), at }),
    )
    await log.append(entries)
    return entries.map(({ id }) => id)
  }
}

/**
 * Leaves out request and trace ids that are a person's sub. Looked at here, and not only when the request comes: whoever calls or is asked about
 * for the first time becomes known on the way. The entries of one call share their ids.
 */
function withoutSubs(isSub: (text: string) => boolean): (draft: EntryDraft) => EntryDraft {
  const known = new Map<string, boolean>()
  const isKept = (id: string | undefined): boolean => {
    if (id === undefined) return true
    const before = known.get(id) ?? isSub(id)
    known.set(id, before)
    return !before
  }
  return (draft) => {
    if (isKept(draft.request_id) && isKept(draft.trace)) return draft
    const { request_id: requestId, trace, ...rest } = draft
    return {
      ...rest,
      ...(requestId !== undefined && isKept(requestId) ? { request_id: requestId } : {}),
      ...(trace !== undefined && isKept(trace) ? { trace } : {}),
    }
  }
}

const SALT_BYTES = 16

/** For what is not shown whole to all its readers: the hash of an entry is public. */
const saltOf = ({ kind }: EntryDraft): Pick<Entry, 'salt'> =>
  isQuestion(kind) ? { salt: randomBytes(SALT_BYTES).toString('base64url') } : {}
