/**
 * {@link Authority} on tuples, whichever store keeps them. Each change is one atomic Write; where the store cannot replace a tuple in one Write, a delete
 * and then a write: between them decisions deny. A change is in force once its promise resolves.
 *
 * @module
 */
import { type EpochMillis, type PartyRef, type ResourceRef, refuse } from '@mandate/protocol'
import type { Authority } from '../ports/authority.ts'
import type { GateLimit, GrantBody, Located, PersonaId } from '../ports/grants.ts'
import { objectName } from '../ports/stored-names.ts'
import type { Exchanged } from '../ports/stores.ts'
import {
  agentTuple,
  endingTuples,
  exchangeTuples,
  gateTuple,
  grantTuples,
  holderTuple,
  isSameKey,
  isSameTuple,
  keyOf,
  ownerTuple,
  partTuple,
  remainsOf,
  type Tuple,
  usableTuple,
} from './tuples.ts'
import type { TupleReads, TupleWriter } from './writer.ts'

/** OpenFGA's default for `OPENFGA_MAX_TUPLES_PER_WRITE`, less the marker of the change. For every store, so that OpenFGA can always take its changes. */
const MAX_TUPLES = 99
/** Attempts at a replacement while concurrent Writes change the same tuples. */
const ATTEMPTS = 4

export class TupleAuthority implements Authority {
  readonly #store: TupleReads
  readonly #writer: TupleWriter

  constructor(store: TupleReads, writer: TupleWriter) {
    this.#store = store
    this.#writer = writer
  }

  async issue(grant: GrantBody): Promise<void> {
    const written = await this.#writer.write(grantTuples(grant))
    if (!written) throw refuse('conflict', 'A grant of that id is there already. Try again.')
  }

  async end(grant: GrantBody, by: PartyRef, at: EpochMillis, reason: string): Promise<boolean> {
    return this.#writer.write(endingTuples(grant, by, at, reason), { narrows: true })
  }

  async isLive(grant: GrantBody): Promise<boolean> {
    const object = `grant:${grant.id}`
    await this.#writer.settled(object)
    return (await this.#store.read(object, grant.parent ? 'parent' : 'root')).length > 0
  }

  async replace(exchanged: readonly Exchanged[], by: PartyRef, at: EpochMillis): Promise<void> {
    const done = await this.#writer.write(exchangeTuples(exchanged, by, at))
    if (!done) throw refuse('conflict', 'One of the grants has just ended. Look at them again.')
  }

  async sweep(grant: GrantBody): Promise<void> {
    await this.#writer.write({ writes: [], deletes: remainsOf(grant) }, { missing: 'ignore', narrows: true })
  }

  fits(exchanged: readonly Exchanged[]): boolean {
    const { writes, deletes } = exchangeTuples(exchanged, 'user:nobody', 0)
    return writes.length + deletes.length <= MAX_TUPLES
  }

  settled(resource: ResourceRef): Promise<void> {
    return this.#writer.settled(objectName(resource))
  }

  async register(located: Located): Promise<boolean> {
    const tuple = located.ancestors.length === 0 ? ownerTuple(located) : partTuple(located)
    return this.#writer.write({ writes: [tuple], deletes: [] })
  }

  async unregister(located: Located): Promise<boolean> {
    const tuple = located.ancestors.length === 0 ? ownerTuple(located) : partTuple(located)
    return this.#writer.write({ writes: [], deletes: [keyOf(tuple)] }, { narrows: true })
  }

  async transfer(to: Located): Promise<void> {
    await this.#replace(objectName(to.resource), [ownerTuple(to)], 'owner')
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
  }

  async setAgent(agent: PartyRef, active: boolean): Promise<void> {
    await this.#replace(objectName(agent), [
      agentTuple(agent, 'registered'),
      ...(active ? [agentTuple(agent, 'active')] : []),
    ])
  }

  /**
   * Makes an object's tuples exactly these, or those of one relation. Retries after a concurrent Write of the same tuples.
   *
   * @param relation - The tuples of every other relation stay as they are.
   */
  async #replace(object: string, wanted: readonly Tuple[], relation?: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1)
      if (await this.#replaceOnce(object, wanted, relation)) return
    throw refuse('conflict', 'It is being changed at the same time. Try again.')
  }

  /** Where the store cannot replace a tuple's context in one Write, the old tuple is deleted first, and decisions deny until the second Write. */
  async #replaceOnce(object: string, wanted: readonly Tuple[], relation?: string): Promise<boolean> {
    await this.#writer.settled(object)
    const present = await this.#store.read(object, relation)
    const keep = present.filter((tuple) => wanted.some((other) => isSameTuple(tuple, other)))
    const deletes = present.filter((tuple) => !keep.includes(tuple)).map(keyOf)
    const writes = wanted.filter((tuple) => !keep.some((other) => isSameTuple(tuple, other)))
    const narrows = writes.length === 0
    const clash = writes.some((tuple) => deletes.some((key) => isSameKey(tuple, key)))
    if (!clash || this.#writer.replacesAtOnce) return this.#writer.write({ writes, deletes }, { narrows })
    const deleted = await this.#writer.write({ writes: [], deletes }, { narrows: true })
    return deleted && (await this.#writer.write({ writes, deletes: [] }))
  }
}
