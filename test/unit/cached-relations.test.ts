/**
 * The rules of the cache before the relationship store. That it answers like any other store is in `contract/engine.test.ts`.
 *
 * @module
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { CachedRelations } from '../../pdp/src/cache/cached-relations.ts'
import { ForgettingAuthority } from '../../pdp/src/cache/forgetting-authority.ts'
import type { Relations } from '../../pdp/src/ports/relations.ts'
import { RequestStatistics } from '../../pdp/src/ports/request-statistics.ts'
import { seatsOf } from '../../pdp/src/ports/scopes.ts'
import { MemoryEngine } from '../contract/engine/memory-engine.ts'
import {
  aGrant,
  anAgent,
  aPersona,
  aWorkflow,
  circumstancesFor,
  fresh,
  linkQuestion,
  NOW,
} from '../contract/engine/subject.ts'

let engine: MemoryEngine
let cached: CachedRelations
let authority: ForgettingAuthority
beforeEach(() => {
  engine = new MemoryEngine()
  cached = new CachedRelations(engine.relations)
  authority = new ForgettingAuthority(engine.authority, cached)
})

const located = aWorkflow()
const grant = aGrant(located, anAgent())
const seats = seatsOf(grant).map(({ seat }) => seat)

/** Each fact that is cached: how it is read, and a change of it behind the cache's back. */
const FACTS: readonly {
  readonly name: string
  readonly read: (relations: Relations, statistics: RequestStatistics) => unknown
  readonly change: (authority: MemoryEngine['authority']) => Promise<unknown>
  readonly uses: number
}[] = [
  {
    name: 'where a resource is',
    read: (relations, statistics) => relations.locate(located.resource, statistics),
    change: (to) => to.transfer({ ...located, deed: 'another' }),
    uses: 1,
  },
  {
    name: 'personas',
    read: (relations, statistics) => relations.personasOf(located.owner, statistics),
    change: (to) => to.setPersona(aPersona(located.owner, 'club'), undefined, []),
    uses: 1,
  },
  {
    name: 'candidates',
    read: (relations, statistics) => relations.candidates(seats, statistics),
    change: (to) => to.end(grant, located.owner, NOW, 'test'),
    uses: seats.length,
  },
]

describe.for(FACTS)('$name', ({ read, change, uses }) => {
  beforeEach(async () => {
    await engine.authority.register(located)
    await engine.authority.setPersona(located.persona, undefined, [])
    await engine.authority.issue(grant)
    await read(cached, new RequestStatistics())
  })

  test('is read once, and each use of the cache is counted', async () => {
    const statistics = new RequestStatistics()
    await read(cached, statistics)
    expect(statistics).toMatchObject({ requests: 0, roundTrips: 0, remembered: uses })
  })

  test('is stale until it is read freshly, and up to date for everybody from then on', async () => {
    const before = await read(engine.relations, new RequestStatistics())
    await change(engine.authority)
    const now = await read(engine.relations, new RequestStatistics())
    expect(now).not.toEqual(before)
    expect(await read(cached, new RequestStatistics())).toEqual(before)
    const statistics = fresh()
    expect(await read(cached, statistics)).toEqual(now)
    expect(statistics.remembered).toBe(0)
    expect(await read(cached, new RequestStatistics())).toEqual(now)
  })

  test('is up to date at once after a change of this process', async () => {
    await change(authority)
    expect(await read(cached, new RequestStatistics())).toEqual(await read(engine.relations, new RequestStatistics()))
  })

  test('is dropped also where the outcome of a change is not known', async () => {
    engine.outage('lost answers')
    await expect(change(authority)).rejects.toMatchObject({ code: 'relations_unavailable' })
    engine.mend()
    expect(await read(cached, new RequestStatistics())).toEqual(await read(engine.relations, new RequestStatistics()))
  })

  test('a read without an answer is a fault and leaves nothing in the cache', async () => {
    engine.outage('unreachable')
    await expect(read(cached, fresh())).rejects.toMatchObject({ code: 'relations_unavailable' })
  })
})

test('that a resource is nowhere is not kept', async () => {
  expect(await cached.locate(located.resource, new RequestStatistics())).toBeUndefined()
  await engine.authority.register(located)
  expect(await cached.locate(located.resource, new RequestStatistics())).toEqual(located)
})

test('a body is read once, freshly or not, and its use is not counted: it never changes', async () => {
  await engine.authority.issue(grant)
  await cached.bodies([grant.id], new RequestStatistics())
  const statistics = fresh()
  expect(await cached.bodies([grant.id, grant.id], statistics)).toEqual(new Map([[grant.id, grant]]))
  expect(statistics).toMatchObject({ requests: 0, remembered: 0 })
  expect(await cached.bodies(['never'], statistics)).toEqual(new Map())
  expect(statistics.requests).toBe(1)
})

test('no question is answered from the cache', async () => {
  await engine.authority.issue(grant)
  const question = linkQuestion(grant)
  const ask = async () =>
    (await cached.ask([question], circumstancesFor(engine, grant), new RequestStatistics())).to(question)
  expect(await ask()).toBe(true)
  await engine.authority.end(grant, located.owner, NOW, 'test')
  expect(await ask()).toBe(false)
})
