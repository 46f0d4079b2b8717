/**
 * The only place that writes tuples. Every Write is fenced (ADR 0068): it carries a marker tuple of its own change, and an outcome that is not
 * known is decided by writing the same marker. OpenFGA refuses a tuple that exists, so either the late Write or its withdrawal wins, never both.
 *
 * @module
 */
import { type EpochMillis, Fault } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { UndecidedChanges } from '../ports/engine.ts'
import type { ChangeJournal, OpenChange } from '../ports/stores.ts'
import { type Change, keyOf, keyText, type Tuple, type TupleKey } from '../tuples/tuples.ts'
import type { Outcome, TupleReads, TupleWriter, WriteOptions } from '../tuples/writer.ts'

/** Writes and reads of one store. Each is sent once, without a retry. */
export interface TupleStore extends TupleReads {
  /** @returns `false` when a tuple to write exists or one to delete does not. Rejects when the outcome is not known. */
  write(
    change: Change,
    modelId: string,
    options: { readonly missing: NonNullable<WriteOptions['missing']>; readonly timeoutMs: number },
  ): Promise<boolean>
}

export interface FencedWriterOptions {
  readonly store: TupleStore
  readonly journal: ChangeJournal
  /** The model in force, which every tuple must fit. */
  readonly modelId: () => string
  /** A new ULID. */
  readonly newId: () => string
  readonly clock: Clock
}

/** Time limits of a Write, and of the withdrawal of a Write without an answer, in milliseconds. */
const TIMEOUT_MS = { write: 3_000, withdraw: 1_000 } as const

/** The only writer of tuples of one store. */
export class FencedWriter implements TupleWriter, UndecidedChanges {
  /** OpenFGA refuses a Write that names a key twice. */
  readonly replacesAtOnce = false
  readonly #options: FencedWriterOptions
  readonly #undecided = new Map<string, OpenChange>()
  /** Ids of the changes that this process began and has not decided. */
  readonly #begun = new Set<string>()
  /** Ids of changes that were decided while `#takeUp` was reading, and that it may therefore have read as undecided. */
  readonly #decidedMeanwhile = new Set<string>()
  #takeUps = 0
  readonly #deciding = new Map<string, Promise<Outcome>>()
  /** Ids of decided changes whose outcome could not be recorded in a shared journal. */
  readonly #unrecorded = new Set<string>()
  /** `object#relation@user` of every tuple whose presence is not known. */
  #unsure: ReadonlySet<string> = new Set()
  #onDoubt: () => void = () => undefined

  private constructor(options: FencedWriterOptions) {
    this.#options = options
  }

  /** Creates a writer, and decides the Writes whose outcome an earlier process left unknown. */
  static async open(options: FencedWriterOptions): Promise<FencedWriter> {
    const writer = new FencedWriter(options)
    await writer.#takeUp(() => options.journal.takeUndecided())
    return writer
  }

  /** Takes over changes that no PDP is working on. Changes that this process is working on are skipped. */
  async #takeUp(take: () => Promise<readonly OpenChange[]>): Promise<void> {
    this.#takeUps += 1
    try {
      for (const change of await take())
        if (!this.#begun.has(change.id) && !this.#decidedMeanwhile.has(change.id))
          this.#undecided.set(change.id, change)
    } finally {
      this.#takeUps -= 1
      if (this.#takeUps === 0) this.#decidedMeanwhile.clear()
    }
    this.#refresh()
  }

  /** @param listener - Called for each change whose outcome is not known: {@link decideAll} must be called some time later. */
  whenInDoubt(listener: () => void): void {
    this.#onDoubt = listener
  }

  /**
   * One atomic Write, together with its marker.
   *
   * @returns `false` when a tuple to write exists or one to delete does not: nothing was changed, and nothing will be.
   * @throws Fault `relations_unavailable`; where the outcome is not known, its tuples are in doubt until {@link decideAll} has decided it.
   */
  async write(change: Change, options: WriteOptions = {}): Promise<boolean> {
    if (change.writes.length === 0 && change.deletes.length === 0) return true
    const { newId, clock } = this.#options
    const keys = [...change.deletes, ...change.writes].map(keyOf)
    await this.#decideThese((key) => keys.some((other) => keyText(other) === keyText(key)))
    const open: OpenChange = { id: options.id ?? newId(), at: clock(), keys }
    await this.#begin(open, options)
    const sent = await this.#send(change, open.id, options)
    const isWithdrawn = sent !== true && (await this.#decideNow(open)) === 'withdrawn'
    await this.#settle(open.id)
    if (isWithdrawn && sent !== false) throw sent
    return !isWithdrawn
  }

  async #begin(open: OpenChange, { narrows }: WriteOptions): Promise<void> {
    const { journal } = this.#options
    this.#begun.add(open.id)
    try {
      await journal.begin(open)
    } catch (cause) {
      if (narrows && !journal.isShared) return journal.beginUnrecorded(open)
      this.#begun.delete(open.id)
      // It may have been committed all the same: then it is pending on the other PDPs until it is decided.
      if (journal.isShared) this.#onDoubt()
      throw cause
    }
  }

  /** @returns What the store answered, or the fault that leaves the outcome unknown. */
  async #send({ writes, deletes }: Change, id: string, options: WriteOptions): Promise<boolean | Fault> {
    const { missing = 'refuse', modelId = this.#options.modelId() } = options
    const fenced = { writes: [...writes, marker(id, 'applied')], deletes }
    try {
      return await this.#options.store.write(fenced, modelId, { missing, timeoutMs: TIMEOUT_MS.write })
    } catch (error) {
      if (error instanceof Fault) return error
      throw error
    }
  }

  /** The outcome of a change that was just sent. Where it cannot be decided, the change's tuples are in doubt. */
  async #decideNow(open: OpenChange): Promise<Outcome> {
    try {
      return await this.#decide(open.id)
    } catch (cause) {
      this.#undecided.set(open.id, open)
      this.#refresh()
      this.#onDoubt()
      throw new Fault('relations_unavailable', `the outcome of change ${open.id} is not known`, {
        cause,
        detail: PENDING,
      })
    }
  }

  /** Decides every change in doubt on an object. Call it before concluding anything from the object's tuples. */
  async settled(object: string): Promise<void> {
    await this.#decideThese((key) => key.object === object)
  }

  async #decideThese(concerns: (key: TupleKey) => boolean): Promise<void> {
    // The Write of a PDP that was suspended or killed may still arrive: it is decided before anything rests on its tuples.
    const { journal } = this.#options
    if (journal.isShared) await this.#takeUp(() => journal.takeOrphans())
    for (const { id, keys } of [...this.#undecided.values()]) {
      if (!keys.some(concerns)) continue
      await this.#decide(id)
      await this.#settle(id)
    }
  }

  /**
   * The outcome of a change by its id, sent or not: from now on it is final.
   *
   * @throws Fault `relations_unavailable`
   */
  async outcomeOf(id: string): Promise<Outcome> {
    const outcome = await this.#decide(id)
    await this.#settle(id)
    return outcome
  }

  /** Decides what is in doubt, as far as the store answers. @returns How many changes are left. */
  async decideAll(onFault: (error: unknown) => void): Promise<number> {
    await this.#recordDecided().catch(onFault)
    await this.#takeUp(() => this.#options.journal.takeUndecided()).catch(onFault)
    for (const id of [...this.#undecided.keys()]) {
      try {
        await this.outcomeOf(id)
      } catch (error) {
        onFault(error)
      }
    }
    return this.#undecided.size + this.#unrecorded.size
  }

  /** Records outcomes that could not be recorded when they were decided. */
  async #recordDecided(): Promise<void> {
    const { journal, clock } = this.#options
    for (const id of [...this.#unrecorded]) {
      await journal.decided(id, clock())
      this.#unrecorded.delete(id)
    }
  }

  /** Whether the presence of this tuple is unknown. */
  isInDoubt(key: TupleKey): boolean {
    return this.#unsure.size > 0 && this.#unsure.has(keyText(key))
  }

  /** Deletes the markers of all changes that began before an instant and are decided. */
  async sweepMarkers(before: EpochMillis): Promise<void> {
    const { store, journal, modelId } = this.#options
    for (;;) {
      const ids = await journal.decidedBefore(before, MARKERS_A_WRITE)
      if (ids.length === 0) return
      const deletes = ids.flatMap((id) => [keyOf(marker(id, 'applied')), keyOf(marker(id, 'withdrawn'))])
      const isDone = await store.write({ writes: [], deletes }, modelId(), {
        missing: 'ignore',
        timeoutMs: TIMEOUT_MS.write,
      })
      // Another PDP deletes some of the same markers at this moment: none of these is deleted, and the next sweep does it.
      if (!isDone) return
      await journal.forget(ids)
    }
  }

  /** Decides a change; concurrent callers share one attempt. */
  #decide(id: string): Promise<Outcome> {
    const running = this.#deciding.get(id)
    if (running) return running
    const deciding = this.#askOrWithdraw(id).finally(() => this.#deciding.delete(id))
    this.#deciding.set(id, deciding)
    return deciding
  }

  /** Reads before it writes: when Writes are slow, the marker may be readable long before a withdrawal is answered. */
  async #askOrWithdraw(id: string): Promise<Outcome> {
    const { store, modelId } = this.#options
    const found = await this.#markerOf(id)
    if (found) return found
    const withdrawal = { writes: [marker(id, 'applied'), marker(id, 'withdrawn')], deletes: [] }
    if (await store.write(withdrawal, modelId(), { missing: 'refuse', timeoutMs: TIMEOUT_MS.withdraw }))
      return 'withdrawn'
    const winner = await this.#markerOf(id)
    if (winner) return winner
    throw new Fault('relations_unavailable', `OpenFGA refused the marker of change ${id} and has none`)
  }

  async #markerOf(id: string): Promise<Outcome | undefined> {
    const tuples = await this.#options.store.read(marker(id, 'applied').object)
    if (tuples.some(({ relation }) => relation === 'withdrawn')) return 'withdrawn'
    return tuples.length > 0 ? 'applied' : undefined
  }

  async #settle(id: string): Promise<void> {
    this.#begun.delete(id)
    if (this.#takeUps > 0) this.#decidedMeanwhile.add(id)
    if (this.#undecided.delete(id)) this.#refresh()
    // The outcome is final in OpenFGA. Other PDPs ask OpenFGA about its tuples until it is recorded.
    const { journal, clock } = this.#options
    try {
      await journal.decided(id, clock())
    } catch {
      if (!journal.isShared) return
      this.#unrecorded.add(id)
      this.#onDoubt()
    }
  }

  #refresh(): void {
    this.#unsure = new Set([...this.#undecided.values()].flatMap(({ keys }) => keys.map(keyText)))
  }
}

const PENDING =
  'The change is pending. It is decided as soon as the relationship store answers; check its status before you ask again.'

/** Changes per Write when markers are deleted: two tuples each, within OpenFGA's limit of 100. */
const MARKERS_A_WRITE = 50

/** The type of markers in OpenFGA. */
export const MARKER_TYPE = 'change'

/** `applied` alone: the change's own Write won. With `withdrawn` beside it: its withdrawal did. */
const marker = (id: string, relation: 'applied' | 'withdrawn'): Tuple => ({
  user: `${MARKER_TYPE}:${id}`,
  relation,
  object: `${MARKER_TYPE}:${id}`,
})

/** Whether a tuple is the marker that each Write of a PDP carries. */
export const isMarker = ({ object, relation }: TupleKey): boolean =>
  relation === 'applied' && object.startsWith(`${MARKER_TYPE}:`)
