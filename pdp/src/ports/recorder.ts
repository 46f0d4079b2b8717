/**
 * Makes entries of the decision log.
 *
 * @module
 */
import type { Entry } from '@mandate/protocol'

/** An entry without what the recorder adds: version, id and instant. */
export type EntryDraft = Omit<Entry, 'v' | 'id' | 'at'> & { readonly id?: string }

/**
 * Records what happened. Resolves when the entries are durable; rejects with `Fault('log_unavailable')`, and then nothing may be answered
 * or widened.
 *
 * @returns The entries' ids, in order.
 */
export type Recorder = (drafts: readonly EntryDraft[]) => Promise<readonly string[]>
