/**
 * Applies from the decision log what a restored database lacks (rules E4, E5, ADR 0006, ADR 0151): erasures, changes that took authority away, and ends of
 * logins. Reads the log from the position that the database stored last; a start does not wait for the index.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { type Entry, type PartyRef, parseLogEntry } from '@mandate/protocol'
import type { Logger } from 'pino'
import type { Clock } from '../ports/clock.ts'
import type { EntryIndex, LogReader, RestoredMark } from '../ports/log.ts'
import type { ErasuresApplied, People, Sessions, Vault } from '../ports/stores.ts'
import { ENDING_KINDS, LaterChanges, type LaterChangesDeps, type Proposed } from './later-changes.ts'
import { type AppliedLogins, LaterLogins, LOGIN_KINDS } from './later-logins.ts'

export interface ReapplyDeps extends LaterChangesDeps {
  readonly log: Pick<LogReader, 'sequenced' | 'read' | 'archived'>
  /** Used for archived entries only. */
  readonly index: Pick<EntryIndex, 'query'>
  /** Whether other PDPs, each with a log of its own, use the database. */
  readonly isShared: boolean
  readonly restored?: RestoredMark
  readonly vault: Pick<Vault, 'subOf'>
  readonly sessions: Pick<Sessions, 'disable' | 'endAll' | 'isEnded'>
  readonly clock: Clock
  readonly people: Pick<People, 'isErasing' | 'putErasure' | 'erasuresApplied' | 'setErasuresApplied'>
}

/** How the entries of changes look in canonical JSON. */
const CHANGES =
  /"kind":"(?:person_erased|grant_revoked|(?:key|persona|agent|facts)_changed|resource_(?:transferred|removed)|policy_loaded|session_ended|account_enabled)"/u

/** Where to begin. */
interface Begin {
  readonly from: number
  /** Position of the database in the log, where it has one. */
  readonly known: number | undefined
  /** The database was restored, or is new, or the log is another one. */
  readonly isRestored: boolean
}

/** Must be called before the PDP accepts requests, and before pending changes are reconciled. */
export async function reapplyChanges(deps: ReapplyDeps, logger: Pick<Logger, 'warn'>): Promise<void> {
  const { log } = deps
  const end = log.sequenced
  const { known, isRestored, ...begun } = await begin(deps)
  const changes = new LaterChanges()
  const logins = new LaterLogins()
  const found = async (entry: Entry, index: number): Promise<void> => {
    if (entry.kind === 'person_erased') await eraseAgain(entry, deps)
    changes.add(entry, isRestored && known !== undefined && index >= known)
    logins.add(entry)
  }
  let { from } = begun
  const sealed = await log.archived()
  if (from < sealed) {
    await readSealed(deps, found)
    from = sealed
  }
  while (from < end) {
    const entries = await log.read(from)
    if (entries.length === 0) break
    for (const { index, bytes } of entries) {
      if (!CHANGES.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'))) continue
      const entry = parseLogEntry(JSON.parse(new TextDecoder().decode(bytes)))
      if (entry.success) await found(entry.data, index)
    }
    from += entries.length
  }
  const proposed = await changes.propose(deps, isRestored || !deps.isShared)
  // After a crash the database has them: a session ends in it before it ends in the log.
  const ended = isRestored ? await logins.apply(deps, deps.clock()) : NO_LOGINS
  report({ proposed, ended, byHand: isRestored ? changes.byHand : {}, known }, logger)
  await markErasures(deps)
  await deps.restored?.clear()
}

const NO_LOGINS: AppliedLogins = { logins: 0, sessions: 0, byHand: {} }

interface Report {
  readonly proposed: Proposed
  readonly ended: AppliedLogins
  readonly byHand: Readonly<Record<string, number>>
  readonly known: number | undefined
}

function report({ proposed, ended, byHand, known }: Report, logger: Pick<Logger, 'warn'>): void {
  const { byHand: events, ...again } = ended
  const applied = { ...proposed, ...again }
  const repeat = { ...byHand, ...events }
  if (Object.keys(repeat).length > 0)
    logger.warn({ applied, repeat, since: known }, 'changes after the backup have to be repeated')
  else if (Object.values(applied).some((count) => count > 0))
    logger.warn({ applied }, 'changes that the database lacked were applied from the log')
}

/** Stores the log's position, so that the next start reads from there. */
export async function markErasures({ log, people }: Pick<ReapplyDeps, 'log' | 'people'>): Promise<void> {
  const next = log.sequenced
  const last = await hashAt(log, next - 1)
  if (last !== undefined) await people.setErasuresApplied({ next, last })
}

async function begin({ log, people, restored }: ReapplyDeps): Promise<Begin> {
  const applied: ErasuresApplied | undefined = await people.erasuresApplied()
  const known = applied?.next
  const isHeld = applied && applied.next <= log.sequenced && applied.next > (await log.archived())
  if (isHeld && (await hashAt(log, applied.next - 1)) === applied.last)
    return { from: applied.next, known, isRestored: (await restored?.isSet()) ?? false }
  return { from: 0, known, isRestored: true }
}

async function hashAt(log: ReapplyDeps['log'], index: number): Promise<string | undefined> {
  if (index < 0) return undefined
  const [entry] = await log.read(index)
  return entry && createHash('sha256').update(entry.bytes).digest('base64')
}

async function eraseAgain({ subject, target, at }: Entry, { vault, people }: ReapplyDeps): Promise<void> {
  if (!subject?.startsWith('user:') || !target) return
  const who = subject as PartyRef
  if ((await vault.subOf(who)) === undefined || (await people.isErasing(who))) return
  await people.putErasure({ id: target, person: who, by: who, at: Date.parse(at) })
}

/** Archived entries, by the index. Newest first. */
async function readSealed(
  { index }: ReapplyDeps,
  found: (entry: Entry, index: number) => Promise<void>,
): Promise<void> {
  for (const kind of ['person_erased', ...ENDING_KINDS, ...LOGIN_KINDS] as const) {
    let cursor: string | undefined
    do {
      const page = await index.query({ kind, limit: 500, cursor })
      for (const entry of page.entries) await found(entry, -1)
      cursor = page.nextCursor
    } while (cursor)
  }
}
