/**
 * An LRU cache before any {@link Relations}, for facts that start a decision: where a resource is, personas, candidates and grant bodies.
 *
 * Questions are never cached: every cached fact is asked about again by the decision that uses it, so a stale one can cause a denial, never a
 * permit. Each use is counted in {@link RequestStatistics.remembered}: a denial that rests on one is decided again without the cache.
 *
 * @module
 */
import type { PartyRef, ResourceRef } from '@mandate/protocol'
import type { Awaitable } from '../ports/awaitable.ts'
import type { Candidate, GateSetting, GrantBody, Located, PersonaId, Seat } from '../ports/grants.ts'
import type { Changed, Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { seatKey } from '../ports/scopes.ts'
import { LruCache } from '../runtime/lru-cache.ts'

/** Entries of each of the four caches. */
const CAPACITY = 20_000

/**
 * Decorates any `Relations` with LRU caches. Cached facts are re-checked in the same BatchCheck: a stale one can cause a denial, never a permit.
 */
export class CachedRelations implements Relations {
  readonly #relations: Relations
  readonly #located = new LruCache<Located>(CAPACITY)
  readonly #personas = new LruCache<readonly PersonaId[]>(CAPACITY)
  readonly #seats = new LruCache<readonly Candidate[]>(CAPACITY)
  readonly #bodies = new LruCache<GrantBody>(CAPACITY)
  readonly ask: Relations['ask']
  readonly confirm: Relations['confirm']
  readonly position: Relations['position']

  constructor(relations: Relations) {
    this.#relations = relations
    this.ask = relations.ask.bind(relations)
    this.confirm = relations.confirm.bind(relations)
    this.position = relations.position.bind(relations)
  }

  consistencyOf(statistics: Pick<RequestStatistics, 'direct'>): string {
    return this.#relations.consistencyOf(statistics)
  }

  readBeside<T>(statistics: RequestStatistics, read: () => Promise<T>): Promise<T> {
    return this.#relations.readBeside(statistics, read)
  }

  get isInMemory(): boolean {
    return this.#relations.isInMemory
  }

  get notesVersion(): number {
    return this.#relations.notesVersion
  }

  get factsVersion(): number {
    return this.#relations.factsVersion
  }

  async locate(resource: ResourceRef, statistics: RequestStatistics): Promise<Located | undefined> {
    const known = this.#known(this.#located, resource, statistics)
    if (known) return known
    const located = await this.#relations.locate(resource, statistics)
    if (located) this.#located.set(resource, located)
    else this.#located.delete(resource)
    return located
  }

  async personasOf(user: PartyRef, statistics: RequestStatistics): Promise<readonly PersonaId[]> {
    const known = this.#known(this.#personas, user, statistics)
    if (known) return known
    const personas = await this.#relations.personasOf(user, statistics)
    this.#personas.set(user, personas)
    return personas
  }

  async candidates(seats: readonly Seat[], statistics: RequestStatistics): Promise<readonly Candidate[]> {
    const found = await Promise.all(seats.map((seat) => this.#candidatesAt(seat, statistics)))
    return found.flat()
  }

  async #candidatesAt(seat: Seat, statistics: RequestStatistics): Promise<readonly Candidate[]> {
    const key = seatKey(seat)
    const known = this.#known(this.#seats, key, statistics)
    if (known) return known
    const candidates = await this.#relations.candidates([seat], statistics)
    this.#seats.set(key, candidates)
    return candidates
  }

  /** A body never changes, so a cached one is as good as a fresh one and is not counted as remembered. */
  async bodies(ids: readonly string[], statistics: RequestStatistics): Promise<ReadonlyMap<string, GrantBody>> {
    const bodies = new Map<string, GrantBody>()
    const missing: string[] = []
    for (const id of new Set(ids)) {
      const body = this.#bodies.get(id)
      if (body) bodies.set(id, body)
      else missing.push(id)
    }
    if (missing.length === 0) return bodies
    for (const [id, body] of await this.#relations.bodies(missing, statistics)) {
      this.#bodies.set(id, body)
      bodies.set(id, body)
    }
    return bodies
  }

  isRegistered(agent: PartyRef, statistics: RequestStatistics): Awaitable<boolean> {
    return this.#relations.isRegistered(agent, statistics)
  }

  settings(persona: PersonaId, statistics: RequestStatistics): Awaitable<ReadonlyMap<string, GateSetting>> {
    return this.#relations.settings(persona, statistics)
  }

  attributesOf(
    domain: string,
    of: PartyRef | ResourceRef,
    statistics: RequestStatistics,
  ): Awaitable<Readonly<Record<string, unknown>>> {
    return this.#relations.attributesOf(domain, of, statistics)
  }

  forget(changed: Changed): void {
    if (changed.resource) this.#located.delete(changed.resource)
    if (changed.user) this.#personas.delete(changed.user)
    for (const seat of changed.seats ?? []) this.#seats.delete(seatKey(seat))
    this.#relations.forget(changed)
  }

  #known<V>(cache: LruCache<V>, key: string, statistics: RequestStatistics): V | undefined {
    const known = statistics.fresh ? undefined : cache.get(key)
    if (known !== undefined) statistics.remembered += 1
    return known
  }
}
