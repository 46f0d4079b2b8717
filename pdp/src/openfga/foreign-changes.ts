/**
 * Finds changes of tuples that no PDP wrote: by OpenFGA's own tools, another program, or a restore. They are not announced in the invalidation log, so
 * memory learns of them only here, some seconds late.
 *
 * A PDP's Write carries a marker (ADR 0068), and OpenFGA gives all changes of one Write the same timestamp: a change is foreign when no marker has its
 * timestamp. That needs no knowledge of what PDPs wrote, so it also holds for Writes of other PDPs, from before the start, and for late ones.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { TupleName } from '../ports/invalidations.ts'
import type { ChangeJournal } from '../ports/stores.ts'
import { CLAIM_TYPE } from './claim.ts'
import type { StoredChange } from './store.ts'
import { isMarker, MARKER_TYPE } from './writer.ts'

export interface ForeignChangesOptions {
  /** Reads all changes since an instant, oldest first, in pages. */
  readonly read: (since: EpochMillis) => AsyncIterable<readonly StoredChange[]>
  /** Announces what was found: every PDP drops it from memory. */
  readonly journal: Pick<ChangeJournal, 'begin' | 'decided'>
  /** Drops all memory of this process: where too much was found, or it cannot be announced. */
  readonly forgetAll: () => void
  readonly newId: () => string
  readonly clock: Clock
  readonly onFound: (changes: readonly StoredChange[]) => void
  /** Called once each time that changes cannot be read any more, not for each pass. */
  readonly onFault: (error: unknown) => void
}

/**
 * OpenFGA orders changes by ids that it assigns before the commit, so a change may appear behind one that was read already. Longer than a Write may
 * take, and the difference of both clocks.
 */
const OVERLAP_MS = 10_000
/** How much earlier the second read begins: a Write at the edge of the first is whole in it. */
const EDGE_MS = 1_000
/** Most tuples that are dropped from memory one by one, and most that a pass looks at. */
const MAX_ANNOUNCED = 1_000
const MAX_SUSPECTS = 10_000

export class ForeignChanges {
  readonly #options: ForeignChangesOptions
  /** Since when changes are looked at: a pass that fails is made up for by the next one. */
  #since: EpochMillis
  /** Changes that were found, as long as they are within the window. */
  #reported: ReadonlySet<string> = new Set()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #isFailing = false

  constructor(options: ForeignChangesOptions) {
    this.#options = options
    this.#since = options.clock() - OVERLAP_MS
  }

  /** @param everyMs - Interval in milliseconds; 0: never. A pass that takes longer delays the next one. */
  watch(everyMs: number): void {
    if (everyMs === 0) return
    this.#timer = setInterval(() => {
      this.#running ??= this.#lookAndReport().finally(() => {
        this.#running = undefined
      })
    }, everyMs).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  async #lookAndReport(): Promise<void> {
    try {
      await this.look()
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) this.#options.onFault(error)
      this.#isFailing = true
    }
  }

  /**
   * One pass.
   *
   * @throws Fault `relations_unavailable` when OpenFGA does not answer.
   */
  async look(): Promise<void> {
    const { clock, forgetAll, onFound } = this.#options
    const begun = clock() - OVERLAP_MS
    // A clock that went back must not leave a gap.
    const since = Math.min(this.#since, begun)
    const suspects = await this.#unmarked(since)
    if (suspects.size >= MAX_SUSPECTS) forgetAll()
    const ids = [...suspects.keys()]
    const isNew = ids.some((id) => !this.#reported.has(id))
    // A Write that is committed between two pages may have been read in part, without its marker. It is whole in a second read.
    const confirmed = isNew ? await this.#unmarked(since - EDGE_MS) : suspects
    const found = ids.flatMap((id) => (this.#reported.has(id) ? [] : (confirmed.get(id) ?? [])))
    if (found.length > 0) {
      await this.#drop(found.map(({ key }) => key))
      onFound(found)
    }
    this.#reported = new Set(ids.filter((id) => this.#reported.has(id) || confirmed.has(id)))
    this.#since = begun
  }

  /** Changes without a marker, by an id; no more than {@link MAX_SUSPECTS} and a page. */
  async #unmarked(since: EpochMillis): Promise<ReadonlyMap<string, StoredChange>> {
    const marked = new Set<string>()
    const unmarked = new Map<string, Map<string, StoredChange>>()
    let size = 0
    for await (const page of this.#options.read(since)) {
      for (const change of page) {
        if (isMarker(change.key)) {
          marked.add(change.at)
          size -= unmarked.get(change.at)?.size ?? 0
          unmarked.delete(change.at)
        } else if (!marked.has(change.at) && !isBesideFacts(change.key)) {
          const ofWrite = unmarked.get(change.at) ?? new Map<string, StoredChange>()
          size -= ofWrite.size
          size += ofWrite.set(idOf(change), change).size
          unmarked.set(change.at, ofWrite)
        }
      }
      if (size >= MAX_SUSPECTS) break
    }
    return new Map([...unmarked.values()].flatMap((ofWrite) => [...ofWrite]))
  }

  async #drop(keys: readonly TupleName[]): Promise<void> {
    const { journal, forgetAll, newId, clock } = this.#options
    if (keys.length > MAX_ANNOUNCED) return forgetAll()
    const id = newId()
    try {
      await journal.begin({ id, at: clock(), keys })
      await journal.decided(id, clock())
    } catch {
      // The database does not answer. Other PDPs find the change themselves.
      forgetAll()
    }
  }
}

/** What PDPs write without a marker, and decisions never read: withdrawals and deletions of markers, and the claim. */
const isBesideFacts = ({ object }: TupleName): boolean =>
  object.startsWith(`${MARKER_TYPE}:`) || object.startsWith(`${CLAIM_TYPE}:`)

const idOf = ({ key: { object, relation, user }, at }: StoredChange): string =>
  JSON.stringify([at, object, relation, user])
