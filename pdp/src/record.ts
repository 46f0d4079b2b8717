/**
 * The recorder: turns what happened into entries and makes them durable.
 *
 * @module
 */
import type { Entry } from '@mandate/protocol'
import type { DecisionLog } from './log/port.ts'
import type { Clock, Recorder } from './ports.ts'

export interface RecorderDeps {
  readonly log: Pick<DecisionLog, 'append'>
  readonly clock: Clock
  readonly newId: () => string
}

export function createRecorder({ log, clock, newId }: RecorderDeps): Recorder {
  return async (drafts) => {
    const at = new Date(clock()).toISOString()
    const entries = drafts.map((draft): Entry => ({ ...draft, v: 1, id: draft.id ?? newId(), at }))
    await log.append(entries)
    return entries.map(({ id }) => id)
  }
}
