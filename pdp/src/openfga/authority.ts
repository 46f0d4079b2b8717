/**
 * Changes of authority, each one atomic Write to OpenFGA (or, where OpenFGA cannot replace a tuple in one, a delete and then a write: the gap
 * denies). A tuple is true the moment a method returns, on every replica that asks.
 *
 * @module
 */
import { canonical, type EpochMillis, type PartyRef, refuse } from '@mandate/protocol'
import { objectName, personaParts } from '../names.ts'
import type { Authority, GateLimit, GrantBody, Located, PersonaId } from '../ports.ts'
import type { Exchanged } from '../remembered.ts'
import type { OpenFgaRelations } from './relations.ts'
import type { FgaStore } from './store.ts'
import {
  agentTuple,
  type Change,
  endingTuples,
  exchangeTuples,
  gateTuple,
  grantTuples,
  holderTuple,
  ownerTuple,
  partTuple,
  remainsOf,
  seatsOf,
  type Tuple,
  type TupleKey,
  usableTuple,
} from './tuples.ts'

/** OpenFGA's default for `OPENFGA_MAX_TUPLES_PER_WRITE`. */
const MAX_TUPLES = 100
/** How often a replacement is tried when others write the same tuples. */
const ATTEMPTS = 4

export class OpenFgaAuthority implements Authority {
  readonly #store: FgaStore
  readonly #relations: OpenFgaRelations
  readonly #modelId: () => string

  /** @param modelId - The model in force, which every tuple must fit. */
  constructor(store: FgaStore, relations: OpenFgaRelations, modelId: () => string) {
    this.#store = store
    this.#relations = relations
    this.#modelId = modelId
  }

  async issue(grant: GrantBody): Promise<void> {
    await this.#write(grantTuples(grant))
    this.#relations.forget({ seats: seatsOf(grant).map(({ seat }) => seat) })
  }

  async end(grant: GrantBody, by: PartyRef, at: EpochMillis, reason: string): Promise<boolean> {
    const ended = await this.#write(endingTuples(grant, by, at, reason))
    this.#relations.forget({ seats: seatsOf(grant).map(({ seat }) => seat) })
    return ended
  }

  async isLive(grant: GrantBody): Promise<boolean> {
    const edge = grant.parent ? 'parent' : 'root'
    return (await this.#store.read(`grant:${grant.id}`, edge)).length > 0
  }

  async replace(exchanged: readonly Exchanged[], by: PartyRef, at: EpochMillis): Promise<void> {
    const done = await this.#write(exchangeTuples(exchanged, by, at))
    const seats = exchanged.flatMap(({ from, to }) => [...seatsOf(from), ...seatsOf(to)])
    this.#relations.forget({ seats: seats.map(({ seat }) => seat) })
    if (!done) throw refuse('conflict', 'One of the grants has just ended. Look at them again.')
  }

  async sweep(grant: GrantBody): Promise<void> {
    await this.#store.write({ writes: [], deletes: remainsOf(grant) }, this.#modelId(), 'ignore')
    this.#relations.forget({ seats: seatsOf(grant).map(({ seat }) => seat) })
  }

  fits(exchanged: readonly Exchanged[]): boolean {
    const { writes, deletes } = exchangeTuples(exchanged, 'user:nobody', 0)
    return writes.length + deletes.length <= MAX_TUPLES
  }

  async register(located: Located): Promise<boolean> {
    const tuple = located.ancestors.length === 0 ? ownerTuple(located) : partTuple(located)
    const written = await this.#write({ writes: [tuple], deletes: [] })
    this.#relations.forget({ resource: located.resource })
    return written
  }

  async unregister(located: Located): Promise<boolean> {
    const { user, relation, object } = located.ancestors.length === 0 ? ownerTuple(located) : partTuple(located)
    const removed = await this.#write({ writes: [], deletes: [{ user, relation, object }] })
    this.#relations.forget({ resource: located.resource })
    return removed
  }

  async transfer(to: Located): Promise<void> {
    await this.#replace(objectName(to.resource), [ownerTuple(to)])
    this.#relations.forget({ resource: to.resource })
  }

  async setPersona(
    id: PersonaId,
    usable: { readonly from: EpochMillis; readonly till: EpochMillis } | undefined,
    gates: readonly GateLimit[],
  ): Promise<void> {
    const wanted = [
      holderTuple(id),
      ...(usable ? [usableTuple(id, usable.from, usable.till)] : []),
      ...gates.map(({ relation, limit }) => gateTuple(id, relation, limit)),
    ]
    await this.#replace(`persona:${id}`, wanted)
    this.#relations.forget({ user: personaParts(id).holder })
  }

  async setAgent(agent: PartyRef, active: boolean): Promise<void> {
    await this.#replace(objectName(agent), [
      agentTuple(agent, 'registered'),
      ...(active ? [agentTuple(agent, 'active')] : []),
    ])
  }

  /** Makes an object's tuples exactly these. Whoever else writes them at the same time is let through, and then it is done again. */
  async #replace(object: string, wanted: readonly Tuple[]): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) if (await this.#replaceOnce(object, wanted)) return
    throw refuse('conflict', 'It is being changed at the same time. Try again.')
  }

  /** A tuple that changes its context goes before its successor comes. */
  async #replaceOnce(object: string, wanted: readonly Tuple[]): Promise<boolean> {
    const present = (await this.#store.read(object)) as readonly Tuple[]
    const keep = present.filter((tuple) => wanted.some((other) => sameTuple(tuple, other)))
    const deletes = present.filter((tuple) => !keep.includes(tuple)).map(keyOf)
    const writes = wanted.filter((tuple) => !keep.some((other) => sameTuple(tuple, other)))
    const clash = writes.some((tuple) => deletes.some((key) => sameKey(tuple, key)))
    if (!clash) return this.#write({ writes, deletes })
    return (await this.#write({ writes: [], deletes })) && (await this.#write({ writes, deletes: [] }))
  }

  #write(change: Change): Promise<boolean> {
    return this.#store.write(change, this.#modelId())
  }
}

const keyOf = ({ user, relation, object }: TupleKey): TupleKey => ({ user, relation, object })
const sameKey = (a: TupleKey, b: TupleKey): boolean =>
  a.user === b.user && a.relation === b.relation && a.object === b.object
const sameTuple = (a: Tuple, b: Tuple): boolean => sameKey(a, b) && contextText(a) === contextText(b)

/** What the store hands back may carry instants in another spelling; they are compared as instants. */
function contextText(tuple: Tuple): string {
  const entries = Object.entries(tuple.condition?.context ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : value,
  ])
  return canonical(Object.fromEntries(entries))
}
