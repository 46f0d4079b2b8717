/**
 * {@link Relations} from memory: facts from the tuple memory, questions answered by the engine over it. What memory lacks is read from the store;
 * what cannot be established from memory is asked of the store directly.
 *
 * Every entry that is used is noted in the decision's statistics, and {@link MemoryRelations.confirm} looks at the end whether all of them were true
 * together (`docs/consistency.md`). So nothing from memory is ever stale, and no decision is made twice for fear of that.
 *
 * @module
 */
import type { PartyRef, ResourceRef } from '@mandate/protocol'
import type { Answers } from '../ports/answer.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Candidate, GateSetting, GrantBody, Located, PersonaId, Seat } from '../ports/grants.ts'
import type { InvalidationEvent, InvalidationListener, ReadBarrier, Stamp } from '../ports/invalidations.ts'
import type { Circumstances, Question } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { objectName } from '../ports/stored-names.ts'
import { run, type Task, wait } from '../runtime/task.ts'
import type { TupleQuery } from '../tuples/source.ts'
import { attributesIn, bodyOf, candidateOf, locatedByHint, locatedByOwner, settingOf } from '../tuples/stored.ts'
import { agentTuple, attributesName, seatObject } from '../tuples/tuples.ts'
import { MemoryQuestions, type MemoryQuestionsOptions } from './memory-questions.ts'
import { MemoryReader, type ReaderCounts } from './memory-reader.ts'
import { type MemoryEntry, parsed, stored } from './tuple-entry.ts'
import type { TupleMemory } from './tuple-memory.ts'

/** How entries of the log name decisions whose facts came from memory behind a read barrier. */
const CONSISTENCY = 'READ_BARRIER'

export interface MemoryRelationsOptions
  extends Pick<MemoryQuestionsOptions, 'store' | 'programs' | 'factsLock' | 'proposedAmong'>,
    Partial<Pick<MemoryQuestionsOptions, 'onUnanswered'>> {
  readonly memory: TupleMemory
  readonly barrier: Pick<ReadBarrier, 'pass' | 'stamp'>
}

export class MemoryRelations implements Relations, InvalidationListener {
  readonly isInMemory = true
  readonly counts: ReaderCounts = { direct: 0, forwarded: 0, again: 0 }
  readonly #reader: MemoryReader
  readonly #questions: MemoryQuestions
  readonly #options: MemoryRelationsOptions
  /** When the newest barrier that was passed began. */
  #passed: Stamp = 0
  #notes = 0
  #events = 0

  constructor(options: MemoryRelationsOptions) {
    this.#options = options
    this.#reader = new MemoryReader(options.memory, this.counts)
    this.#questions = new MemoryQuestions({
      onUnanswered: () => undefined,
      ...options,
      reader: this.#reader,
      readBeside: (statistics, read) => this.readBeside(statistics, read),
      onForwarded: (questions) => {
        this.counts.forwarded += questions
      },
    })
  }

  consistencyOf(statistics: Pick<RequestStatistics, 'direct'>): string {
    return statistics.direct ? this.#options.store.consistencyOf(statistics) : CONSISTENCY
  }

  get notesVersion(): number {
    return this.#notes
  }

  /** Counts what other memory of this process replaces: a decision that read some of it before and some after must be made again. */
  apply({ kind }: InvalidationEvent): void {
    this.#events += 1
    if (kind === 'note') this.#notes += 1
  }

  reset(): void {
    this.#events += 1
    this.#notes += 1
  }

  async readBeside<T>(statistics: RequestStatistics, read: () => Promise<T>): Promise<T> {
    const { barrier } = this.#options
    statistics.askedFrom = Math.min(statistics.askedFrom, barrier.stamp())
    const found = await read()
    statistics.askedAt = barrier.stamp()
    return found
  }

  async position(): Promise<number> {
    await this.#options.barrier.pass()
    return this.#events
  }

  get factsVersion(): number {
    return this.#options.store.factsVersion
  }

  confirm(statistics: RequestStatistics): Awaitable<boolean> {
    return run(this.#confirm(statistics))
  }

  *#confirm({ used, askedFrom, askedAt, direct, notes }: RequestStatistics): Task<boolean> {
    // The store was asked in the middle: the facts before that came from another moment.
    if (direct && used.length > 0) return this.#again()
    let newest = 0
    for (const { stamp } of used) if (stamp > newest) newest = stamp
    // A fact that was read later than something beside memory need not have been true then. The next attempt has it in memory.
    if (newest > askedFrom) return this.#again()
    newest = Math.max(newest, askedAt)
    if (newest >= this.#passed) {
      const began = yield* wait(this.#options.barrier.pass())
      this.#passed = Math.max(this.#passed, began)
    }
    if (notes !== this.#notes) return this.#again()
    for (const { isCurrent } of used) if (!isCurrent) return this.#again()
    return true
  }

  #again(): false {
    this.counts.again += 1
    return false
  }

  locate(resource: ResourceRef, statistics: RequestStatistics): Awaitable<Located | undefined> {
    return run(this.#locate(resource, statistics))
  }

  *#locate(resource: ResourceRef, statistics: RequestStatistics): Task<Located | undefined> {
    const own = yield* this.#entryOf(objectName(resource), statistics)
    if (!own) return yield* wait(this.#options.store.locate(resource, statistics))
    const place = parsed(own, resource, () => placeIn(own, resource))
    if (!place.root) return place.located
    const above = yield* this.#entryOf(objectName(place.root), statistics)
    if (!above) return yield* wait(this.#options.store.locate(resource, statistics))
    if (place.above !== above) {
      place.above = above
      place.located = locatedByOwner(resource, place.ancestors, stored(above))
    }
    return place.located
  }

  personasOf(user: PartyRef, statistics: RequestStatistics): Awaitable<readonly PersonaId[]> {
    return run(this.#personasOf(user, statistics))
  }

  *#personasOf(user: PartyRef, statistics: RequestStatistics): Task<readonly PersonaId[]> {
    const query = { kind: 'reverse', user: objectName(user), type: 'persona', relation: 'holder' } as const
    const entry = yield* this.#entry(query, statistics)
    if (!entry) return yield* wait(this.#options.store.personasOf(user, statistics))
    return parsed(entry, user, () => (entry.tuples ?? []).map(({ object }) => object.slice('persona:'.length)))
  }

  candidates(seats: readonly Seat[], statistics: RequestStatistics): Awaitable<readonly Candidate[]> {
    return run(this.#candidates(seats, statistics))
  }

  *#candidates(seats: readonly Seat[], statistics: RequestStatistics): Task<readonly Candidate[]> {
    const names = seats.map(seatObject)
    const entries = yield* this.#entriesOf(names, statistics)
    if (!entries) return yield* wait(this.#options.store.candidates(seats, statistics))
    // Two seats never have the same name, so what was parsed for an equal seat is the same.
    return seats.flatMap((seat, index) => {
      const entry = entries[index]
      return entry ? parsed(entry, names[index], () => stored(entry).map((tuple) => candidateOf(seat, tuple))) : []
    })
  }

  bodies(ids: readonly string[], statistics: RequestStatistics): Awaitable<ReadonlyMap<string, GrantBody>> {
    return run(this.#bodies(ids, statistics))
  }

  *#bodies(ids: readonly string[], statistics: RequestStatistics): Task<ReadonlyMap<string, GrantBody>> {
    const entries = yield* this.#entriesOf(
      ids.map((id) => `grant:${id}`),
      statistics,
    )
    if (!entries) return yield* wait(this.#options.store.bodies(ids, statistics))
    const bodies = new Map<string, GrantBody>()
    for (const [index, id] of ids.entries()) {
      const entry = entries[index]
      const [tuple] = entry?.set('delegator').tuples ?? []
      if (!entry || !tuple) continue
      bodies.set(
        id,
        parsed(entry, id, () => bodyOf(id, { key: tuple })),
      )
    }
    return bodies
  }

  isRegistered(agent: PartyRef, statistics: RequestStatistics): Awaitable<boolean> {
    return run(this.#isRegistered(agent, statistics))
  }

  *#isRegistered(agent: PartyRef, statistics: RequestStatistics): Task<boolean> {
    const { object, relation, user } = agentTuple(agent, 'registered')
    const entry = yield* this.#entryOf(object, statistics)
    if (!entry) return yield* wait(this.#options.store.isRegistered(agent, statistics))
    return entry.set(relation).of(user) !== undefined
  }

  settings(persona: PersonaId, statistics: RequestStatistics): Awaitable<ReadonlyMap<string, GateSetting>> {
    return run(this.#settings(persona, statistics))
  }

  *#settings(persona: PersonaId, statistics: RequestStatistics): Task<ReadonlyMap<string, GateSetting>> {
    const entry = yield* this.#entryOf(`persona:${persona}`, statistics)
    if (!entry) return yield* wait(this.#options.store.settings(persona, statistics))
    return new Map(stored(entry).map((tuple) => [tuple.key.relation, settingOf(tuple)]))
  }

  attributesOf(domain: string, of: PartyRef | ResourceRef, statistics: RequestStatistics): Awaitable<StoredAttributes> {
    return run(this.#attributesOf(domain, of, statistics))
  }

  *#attributesOf(domain: string, of: PartyRef | ResourceRef, statistics: RequestStatistics): Task<StoredAttributes> {
    const entry = yield* this.#entryOf(attributesName(domain, of), statistics)
    if (!entry) return yield* wait(this.#options.store.attributesOf(domain, of, statistics))
    const [tuple] = stored(entry)
    return tuple ? parsed(entry, undefined, () => attributesIn(tuple)) : {}
  }

  #entryOf(object: string, statistics: RequestStatistics): Task<MemoryEntry | undefined> {
    return this.#entry({ kind: 'object', object }, statistics)
  }

  /** @returns `undefined` where the store must be asked. */
  *#entry(query: TupleQuery, statistics: RequestStatistics): Task<MemoryEntry | undefined> {
    return statistics.direct ? undefined : yield* this.#reader.entry(query, statistics)
  }

  /** @returns `undefined` where the store must be asked. */
  *#entriesOf(objects: readonly string[], statistics: RequestStatistics): Task<readonly MemoryEntry[] | undefined> {
    if (statistics.direct) return undefined
    return yield* this.#reader.entries(
      objects.map((object) => ({ kind: 'object', object })),
      statistics,
    )
  }

  forget(): void {}

  ask(questions: readonly Question[], circumstances: Circumstances, statistics: RequestStatistics): Awaitable<Answers> {
    return this.#questions.ask(questions, circumstances, statistics)
  }
}

/** Where a resource is, by its own tuples; of a part, its topmost resource's tuples say whose it is. */
interface Place {
  readonly ancestors: readonly ResourceRef[]
  /** Of a part: the topmost resource. */
  readonly root: ResourceRef | undefined
  /** Of a part: the entry that {@link Place.located} was read from. */
  above: MemoryEntry | undefined
  located: Located | undefined
}

function placeIn(entry: MemoryEntry, resource: ResourceRef): Place {
  const located = locatedByOwner(resource, [], stored(entry))
  const ancestors = located ? [] : (locatedByHint(resource, stored(entry))?.ancestors ?? [])
  return { ancestors, root: ancestors.at(-1), above: undefined, located }
}

type StoredAttributes = Readonly<Record<string, unknown>>
