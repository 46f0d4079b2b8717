/**
 * The contract of a store of tuples: writes with preconditions, reads by every key, changes in their order, models.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RequestStatistics } from '../../../pdp/src/ports/request-statistics.ts'
import type { TupleQuery } from '../../../pdp/src/tuples/source.ts'
import {
  agentTuple,
  gateTuple,
  holderTuple,
  isSameKey,
  keyOf,
  type Tuple,
  usableTuple,
} from '../../../pdp/src/tuples/tuples.ts'
import {
  anAgent,
  aPersona,
  aUser,
  HOUR_MS,
  NOW,
  newId,
  type TupleStoreImplementation,
  type TupleStoreUnderTest,
} from './subject.ts'

export function tupleStoreContract({ open }: TupleStoreImplementation): void {
  let store: TupleStoreUnderTest
  beforeAll(async () => {
    store = await open()
  })
  afterAll(() => store?.close())

  const aTuple = (): Tuple => agentTuple(anAgent(), 'registered')
  const write = (...writes: readonly Tuple[]) => store.writer.write({ writes, deletes: [] })
  const read = (query: TupleQuery, most = 100) => store.source.readTuples(query, most, new RequestStatistics())
  const isThere = async ({ object, relation, user }: Tuple) =>
    (await store.reads.read(object, relation, user)).length > 0
  const areThere = (...tuples: readonly Tuple[]) => Promise.all(tuples.map(isThere))

  describe('a Write', () => {
    test('of a tuple that exists is refused as a whole', async () => {
      const [known, another] = [aTuple(), aTuple()]
      expect(await write(known)).toBe(true)
      expect(await write(another, known)).toBe(false)
      expect(await areThere(known, another)).toEqual([true, false])
    })

    test('that deletes a tuple that does not exist is refused as a whole', async () => {
      const [known, absent, another] = [aTuple(), aTuple(), aTuple()]
      await write(known)
      const deletes = [known, absent].map(keyOf)
      expect(await store.writer.write({ writes: [another], deletes })).toBe(false)
      expect(await areThere(known, absent, another)).toEqual([true, false, false])
    })

    test('that ignores deletes of tuples that do not exist does the rest', async () => {
      const [known, absent, another] = [aTuple(), aTuple(), aTuple()]
      await write(known)
      const deletes = [known, absent].map(keyOf)
      expect(await store.writer.write({ writes: [another], deletes }, { missing: 'ignore' })).toBe(true)
      expect(await areThere(known, absent, another)).toEqual([false, false, true])
    })

    test('of the same tuple, several at once: one of them is carried out', async () => {
      const tuple = aTuple()
      const done = await Promise.all(Array.from({ length: 5 }, () => write(tuple)))
      expect(done.filter(Boolean)).toHaveLength(1)
      const deleted = await Promise.all(
        Array.from({ length: 5 }, () => store.writer.write({ writes: [], deletes: [keyOf(tuple)] })),
      )
      expect(deleted.filter(Boolean)).toHaveLength(1)
    })

    test('of nothing is carried out', async () => {
      expect(await store.writer.write({ writes: [], deletes: [] })).toBe(true)
    })

    test('of a tuple that the model does not allow is rejected, and changes nothing', async () => {
      const [good, bad] = [aTuple(), { ...aTuple(), user: aUser() }]
      await expect(write(good, bad)).rejects.toThrow()
      const wrong = usableTuple(aPersona(aUser()), NOW, NOW + HOUR_MS)
      const condition = { name: 'in_term', context: { valid_from: 5 } }
      await expect(write(good, { ...wrong, condition })).rejects.toThrow()
      expect(await areThere(good, bad, wrong)).toEqual([false, false, false])
    })

    test('of a text with a control character in a condition is rejected', async () => {
      const gate = gateTuple(aPersona(aUser()), 'travel_price', { bound: 'at_most', value: 4.5, unit: 'E\nR' })
      await expect(write(gate)).rejects.toThrow()
      expect(await isThere(gate)).toBe(false)
    })

    test('replaces a tuple at once, or says that it cannot', async () => {
      const persona = aPersona(aUser())
      const old = usableTuple(persona, NOW, NOW + HOUR_MS)
      const replaced = usableTuple(persona, NOW, NOW + 2 * HOUR_MS)
      await write(old)
      const replace = async () => store.writer.write({ writes: [replaced], deletes: [keyOf(old)] })
      if (store.writer.replacesAtOnce) expect(await replace()).toBe(true)
      else await expect(replace()).rejects.toThrow()
      const expected = store.writer.replacesAtOnce ? replaced : old
      expect(await store.reads.read(old.object, old.relation)).toEqual([expected])
    })
  })

  describe('reads', () => {
    test('by object, by relation, by user, and from the user, conditions with their values', async () => {
      const user = aUser()
      const personas = [aPersona(user, 'family'), aPersona(user, 'club')] as const
      const [first, second] = personas
      const gate = gateTuple(first, 'travel_price', { bound: 'at_most', value: 4.5, unit: 'EUR' })
      const usable = usableTuple(first, NOW, NOW + HOUR_MS)
      await write(holderTuple(first), usable, gate)
      await write(holderTuple(second))
      const object = `persona:${first}`
      const inOrder = (tuples: readonly Tuple[] | undefined) =>
        tuples?.toSorted((a, b) => a.relation.localeCompare(b.relation))
      expect(inOrder(await read({ kind: 'object', object }))).toEqual([holderTuple(first), gate, usable])
      expect(await read({ kind: 'relation', object, relation: 'travel_price' })).toEqual([gate])
      expect(await read({ kind: 'pair', object, relation: 'usable', user: usable.user })).toEqual([usable])
      expect(await read({ kind: 'pair', object, relation: 'usable', user: aUser() })).toEqual([])
      expect(await read({ kind: 'reverse', user, type: 'persona', relation: 'holder' })).toEqual(
        personas.map(holderTuple),
      )
      expect(await read({ kind: 'reverse', user, type: 'agent', relation: 'holder' })).toEqual([])
    })

    test('of more tuples than are wanted say only that', async () => {
      const persona = aPersona(aUser())
      await write(holderTuple(persona), usableTuple(persona, NOW, NOW + HOUR_MS))
      const query = { kind: 'object', object: `persona:${persona}` } as const
      expect(await read(query, 1)).toBeUndefined()
      expect(await read(query, 2)).toHaveLength(2)
    })

    test('of many tuples are whole', async () => {
      const user = aUser()
      const holders = Array.from({ length: 130 }, (_, index) => holderTuple(aPersona(user, `circle${index}`)))
      await write(...holders.slice(0, 90))
      await write(...holders.slice(90))
      const found = await read({ kind: 'reverse', user, type: 'persona', relation: 'holder' }, 1_000)
      expect(found).toHaveLength(130)
      expect(new Set(found?.map(({ object }) => object))).toEqual(new Set(holders.map(({ object }) => object)))
    })
  })

  describe('the outcome of a change by its id', () => {
    test('applied, when it was carried out', async () => {
      const id = newId()
      await store.writer.write({ writes: [aTuple()], deletes: [] }, { id })
      expect([await store.writer.outcomeOf(id), await store.writer.outcomeOf(id)]).toEqual(['applied', 'applied'])
    })

    test('withdrawn, when it was not; then it cannot be carried out any more', async () => {
      const [id, tuple] = [newId(), aTuple()]
      expect(await store.writer.outcomeOf(id)).toBe('withdrawn')
      expect(await store.writer.write({ writes: [tuple], deletes: [] }, { id })).toBe(false)
      expect([await store.writer.outcomeOf(id), await isThere(tuple)]).toEqual(['withdrawn', false])
    })
  })

  test('changes are those that were carried out, in their order', async () => {
    const [one, two] = [aTuple(), aTuple()]
    await write(one)
    await write(one, two)
    await store.writer.write({ writes: [two], deletes: [keyOf(one)] })
    const ours = (await store.changed()).filter((key) => isSameKey(key, one) || isSameKey(key, two))
    expect(ours[0]).toEqual(keyOf(one))
    expect(
      ours
        .slice(1)
        .map(({ object }) => object)
        .toSorted(),
    ).toEqual([one.object, two.object].toSorted())
  })

  describe('models', () => {
    test('are kept as they were written', async () => {
      expect(await store.models.hasModel(store.model)).toBe(true)
      const model = await store.models.readModel(store.model)
      const again = await store.models.writeModel(model)
      expect(await store.models.hasModel(again)).toBe(true)
    })

    test('that were never written are not there', async () => {
      expect(await store.models.hasModel('01JZZZZZZZZZZZZZZZZZZZZZZZ')).toBe(false)
    })

    test('that do not fit together are refused', async () => {
      const type_definitions = [{ type: 'a', relations: { b: { computedUserset: { relation: 'absent' } } } }]
      await expect(store.models.writeModel({ schema_version: '1.1', type_definitions })).rejects.toMatchObject({
        code: 'policy_invalid',
      })
    })
  })
}
