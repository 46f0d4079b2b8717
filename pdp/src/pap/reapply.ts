/**
 * Repeats erasures that restoring a backup undid (rule E4, ADR 0006): a person whom the log has as erased and whom the vault still knows is erased again.
 * Reads the log from the position that the database stored last; a start does not wait for the index.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { type Entry, type PartyRef, parseLogEntry } from '@mandate/protocol'
import type { EntryIndex, LogReader } from '../ports/log.ts'
import type { ErasuresApplied, People, Vault } from '../ports/stores.ts'

export interface ReapplyDeps {
  readonly log: Pick<LogReader, 'sequenced' | 'read' | 'archived'>
  /** Used for archived entries only. */
  readonly index: Pick<EntryIndex, 'query'>
  readonly vault: Pick<Vault, 'subOf'>
  readonly people: Pick<People, 'isErasing' | 'putErasure' | 'erasuresApplied' | 'setErasuresApplied'>
}

/** How the entry of an erasure looks in canonical JSON. */
const ERASED = Buffer.from('"kind":"person_erased"')

/** Must be called before the PDP accepts requests. */
export async function reapplyErasures(deps: ReapplyDeps): Promise<void> {
  const { log } = deps
  const end = log.sequenced
  let from = await begin(deps)
  const sealed = await log.archived()
  if (from < sealed) {
    await reapplySealed(deps)
    from = sealed
  }
  while (from < end) {
    const entries = await log.read(from)
    if (entries.length === 0) break
    for (const { bytes } of entries) {
      if (!Buffer.from(bytes).includes(ERASED)) continue
      const entry = parseLogEntry(JSON.parse(new TextDecoder().decode(bytes)))
      if (entry.success && entry.data.kind === 'person_erased') await again(entry.data, deps)
    }
    from += entries.length
  }
  await markErasures(deps)
}

/** Stores the log's position, so that the next start reads from there. */
export async function markErasures({ log, people }: Pick<ReapplyDeps, 'log' | 'people'>): Promise<void> {
  const next = log.sequenced
  const last = await hashAt(log, next - 1)
  if (last !== undefined) await people.setErasuresApplied({ next, last })
}

async function begin({ log, people }: ReapplyDeps): Promise<number> {
  const applied: ErasuresApplied | undefined = await people.erasuresApplied()
  if (!applied || applied.next > log.sequenced || applied.next <= (await log.archived())) return 0
  return (await hashAt(log, applied.next - 1)) === applied.last ? applied.next : 0
}

async function hashAt(log: ReapplyDeps['log'], index: number): Promise<string | undefined> {
  if (index < 0) return undefined
  const [entry] = await log.read(index)
  return entry && createHash('sha256').update(entry.bytes).digest('base64')
}

async function again({ subject, target, at }: Entry, { vault, people }: ReapplyDeps): Promise<void> {
  if (!subject?.startsWith('user:') || !target) return
  const who = subject as PartyRef
  if ((await vault.subOf(who)) === undefined || (await people.isErasing(who))) return
  await people.putErasure({ id: target, person: who, by: who, at: Date.parse(at) })
}

async function reapplySealed(deps: ReapplyDeps): Promise<void> {
  let cursor: string | undefined
  do {
    const page = await deps.index.query({ kind: 'person_erased', limit: 500, cursor })
    for (const entry of page.entries) await again(entry, deps)
    cursor = page.nextCursor
  } while (cursor)
}
