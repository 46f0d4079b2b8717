/**
 * Tells live streams when grants of their reader may permit more or less, although no entry that the reader may see says so: an agent was suspended or
 * resumed, or a persona of another party of the grant was changed. One reader of the log for all streams.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EntryKind, LoggedEntry, PartyRef } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { EntryIndex } from '../ports/log.ts'
import type { Register } from '../ports/register.ts'

/** Delay in which changes are batched, in milliseconds. */
const GATHER_MS = 100
/** Kinds of entries that change what grants of others permit. */
const KINDS: readonly EntryKind[] = ['agent_changed', 'persona_created', 'persona_changed']

export interface ActingChangesDeps {
  readonly index: Pick<EntryIndex, 'tail' | 'onMore'>
  readonly register: Pick<Register, 'grants'>
  readonly clock: Clock
}

interface Watcher {
  readonly party: PartyRef
  readonly listener: () => void
}

export class ActingChanges {
  readonly #deps: ActingChangesDeps
  readonly #watchers = new Set<Watcher>()
  readonly #positions = new Map<EntryKind, string>()
  #unsubscribe: (() => void) | undefined
  #isReading = false
  #isMore = false

  constructor(deps: ActingChangesDeps) {
    this.#deps = deps
  }

  /** Calls `listener` after each change that may concern grants of the party. @returns A function that ends the subscription. */
  watch(party: PartyRef, listener: () => void): () => void {
    const watcher = { party, listener }
    this.#watchers.add(watcher)
    this.#unsubscribe ??= this.#deps.index.onMore(() => void this.#read())
    // Takes the positions of the log's end, so that the first change is found.
    if (this.#positions.size < KINDS.length) void this.#read()
    return () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size > 0) return
      this.#unsubscribe?.()
      this.#unsubscribe = undefined
      this.#positions.clear()
    }
  }

  /** Reads until there is nothing new. Never rejects: the next entry tries again. */
  async #read(): Promise<void> {
    this.#isMore = true
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#isMore && this.#watchers.size > 0) {
        this.#isMore = false
        await this.#tell(await this.#changed())
        await sleep(GATHER_MS, undefined, { ref: false })
      }
    } catch {
      // The index is being built, or is another one: begins at its end.
      this.#positions.clear()
    } finally {
      this.#isReading = false
    }
  }

  /** Agents and people of whom something changed since the last call. */
  async #changed(): Promise<ReadonlySet<PartyRef>> {
    const changed = new Set<PartyRef>()
    for (const kind of KINDS) {
      const page = await this.#deps.index.tail({ kind }, { after: this.#positions.get(kind) })
      this.#positions.set(kind, page.position)
      for (const { entry } of page.entries) {
        const party = partyOf(entry)
        if (party !== undefined) changed.add(party)
      }
      if (page.entries.length > 0) this.#isMore = true
    }
    return changed
  }

  async #tell(changed: ReadonlySet<PartyRef>): Promise<void> {
    for (const { party, listener } of [...this.#watchers])
      for (const other of changed)
        if (await this.#shareGrant(party, other)) {
          listener()
          break
        }
  }

  /** Whether a live grant has both as parties. A giver further up a chain is found by the chain's owner only. */
  async #shareGrant(party: PartyRef, other: PartyRef): Promise<boolean> {
    if (party === other) return true
    const { register, clock } = this.#deps
    const live = { party, ended: false, now: clock(), limit: 1 }
    for (const role of ['delegate', 'delegator', 'owner'] as const)
      if ((await register.grants({ ...live, [role]: other })).length > 0) return true
    return false
  }
}

const partyOf = ({ kind, target, owner }: LoggedEntry): PartyRef | undefined =>
  (kind === 'agent_changed' ? target : owner) as PartyRef | undefined
