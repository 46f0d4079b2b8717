/**
 * The recorder: turns what happened into entries and makes them durable.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type Entry, isQuestion } from '@mandate/protocol'
import type { DecisionLog } from './log/port.ts'
import type { Clock, EntryDraft, Recorder } from './ports.ts'

export interface RecorderDeps {
  readonly log: Pick<DecisionLog, 'append'>
  readonly clock: Clock
  readonly newId: () => string
}

export function createRecorder({ log, clock, newId }: RecorderDeps): Recorder {
  return async (drafts) => {
    const at = new Date(clock()).toISOString()
    const entries = drafts.map((draft): Entry => ({ ...draft, ...saltOf(draft), v: 1, id: draft.id ?? newId(), at }))
    await log.append(entries)
    return entries.map(({ id }) => id)
  }
}

const SALT_BYTES = 16

/** For what is not shown whole to all its readers: the hash of an entry is public. */
const saltOf = ({ kind }: EntryDraft): Pick<Entry, 'salt'> =>
  isQuestion(kind) ? { salt: randomBytes(SALT_BYTES).toString('base64url') } : {}
