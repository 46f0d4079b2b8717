/**
 * Decisions over the tuple memory while tuples change: a random scheduler interleaves changes, barriers, fills and decisions, and compares what each
 * decision used with the truth. Every rule of the memory is taken away once, and must then be missed.
 */
import { describe, expect, test } from 'vitest'
import type { InvalidationEvent, InvalidationLog, ReadBarrier } from '../ports/invalidations.ts'
import type { Relations } from '../ports/relations.ts'
import { RequestStatistics } from '../ports/request-statistics.ts'
import type { TupleQuery } from '../tuples/source.ts'
import { LogBarrier } from './barrier.ts'
import { MemoryRelations } from './memory-relations.ts'
import { TupleMemory, type TupleMemoryOptions } from './tuple-memory.ts'

type Variant =
  | 'all rules'
  | 'no barrier at arrival'
  | 'no fill check'
  | 'no pending'
  | 'no stamps'
  | 'register not noted'
  | 'tiny memory'

const AGENTS = ['agent:a', 'agent:b', 'agent:c'] as const
type Agent = (typeof AGENTS)[number]

/** Numbers of a seed, the same on every machine (mulberry32). */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** More turns of the microtask queue than any step takes to its end. */
const TURNS = 40

/** Every step of the world waits here until the scheduler picks it. */
class Scheduler {
  readonly #steps: (() => void)[] = []
  readonly #random: (below: number) => number

  constructor(random: (below: number) => number) {
    this.#random = random
  }

  step(): Promise<void> {
    return new Promise((resolve) => this.#steps.push(resolve))
  }

  /** A few steps, now more and now less. */
  async pause(most: number): Promise<void> {
    for (let left = this.#random(most); left >= 0; left -= 1) await this.step()
  }

  async runUntil(done: Promise<unknown>): Promise<void> {
    let isDone = false
    void done.finally(() => {
      isDone = true
    })
    while (!isDone) {
      const [step] = this.#steps.splice(this.#random(this.#steps.length || 1), 1)
      step?.()
      // Waits for pending changes end by a timer.
      if (!step) await new Promise((resolve) => setImmediate(resolve))
      // Everything that follows from a step is done in microtasks.
      for (let turn = 0; turn < TURNS; turn += 1) await undefined
    }
  }
}

/** The truth with its history, and changes of it that are announced as the PDP announces them. */
class Truth implements InvalidationLog {
  readonly isShared = true
  readonly events: InvalidationEvent[] = []
  /** Which agents are registered, after each change; the last one is the present. */
  readonly history: ReadonlySet<Agent>[] = [new Set()]
  readonly #scheduler: Scheduler
  #changes = 0

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
    this.#append({ kind: 'close', change: 'none' })
  }

  get now(): ReadonlySet<Agent> {
    return this.history.at(-1) ?? new Set()
  }

  #append(event: {
    readonly kind: 'open' | 'close'
    readonly change: string
    readonly agents?: readonly Agent[]
  }): void {
    const seq = this.events.length
    const at = { seq, token: String(seq), change: event.change }
    const keys = (event.agents ?? []).map((agent) => ({ user: agent, relation: 'registered', object: agent }))
    this.events.push(event.kind === 'open' ? { ...at, kind: 'open', keys } : { ...at, kind: 'close' })
  }

  /** Registers or removes agents in one Write. */
  async change(agents: readonly Agent[]): Promise<void> {
    this.#changes += 1
    const change = String(this.#changes)
    await this.#scheduler.pause(40)
    this.#append({ kind: 'open', change, agents })
    await this.#scheduler.step()
    const next = new Set(this.now)
    for (const agent of agents) if (!next.delete(agent)) next.add(agent)
    this.history.push(next)
    await this.#scheduler.step()
    this.#append({ kind: 'close', change })
  }

  async start() {
    const last = this.events.at(-1) ?? expect.fail()
    return { position: { seq: last.seq, token: last.token }, pending: [] }
  }

  async read({ seq }: { readonly seq: number }): Promise<readonly InvalidationEvent[]> {
    await this.#scheduler.pause(3)
    const found = this.events.slice(seq + 1)
    await this.#scheduler.pause(3)
    return found
  }

  async readTuples(query: TupleQuery) {
    await this.#scheduler.pause(6)
    const found = AGENTS.filter((agent) => this.now.has(agent) && query.kind === 'object' && query.object === agent)
    await this.#scheduler.pause(6)
    return found.map((agent) => ({ user: agent, relation: 'registered', object: agent }))
  }
}

interface World {
  readonly truth: Truth
  readonly barrier: ReadBarrier
  readonly memory: TupleMemory
  readonly relations: MemoryRelations
}

const UNUSED = {
  // What the store answers is not judged here: it is the truth of several moments.
  store: { isRegistered: async () => false } as unknown as Relations,
  programs: { get: () => undefined, load: async () => 'refused' as const },
  factsLock: { ask: <T>(task: () => Promise<T>) => task() },
  proposedAmong: () => new Set<string>(),
}

function createWorld(scheduler: Scheduler, variant: Variant): World {
  const truth = new Truth(scheduler)
  const barrier = new LogBarrier(truth)
  const options: TupleMemoryOptions = {
    source: { readTuples: (query) => truth.readTuples(query) },
    stamp: () => barrier.stamp(),
    maxBytes: variant === 'tiny memory' ? 2_000 : 1_000_000,
    ...(variant === 'no fill check' ? { mayKeep: () => true } : {}),
  }
  const memory = new TupleMemory(options)
  barrier.listen({
    reset: (start) => memory.reset(start),
    apply: (event) => {
      if (variant === 'no pending' && event.kind === 'close') return
      memory.apply(event)
      if (variant === 'no pending' && event.kind === 'open') memory.apply({ ...event, kind: 'close' })
    },
  })
  const relations = new MemoryRelations({
    ...UNUSED,
    memory,
    barrier:
      variant === 'no stamps' ? { ...barrier, pass: async () => Number.MAX_SAFE_INTEGER, stamp: () => 0 } : barrier,
  })
  return { truth, barrier, memory, relations }
}

/** Reads three facts, and for some decisions the register between the second and the third. @returns Whether all of it was not true at one moment after the arrival; `undefined` where the store had to be asked. */
async function decide(
  { truth, barrier, relations }: World,
  scheduler: Scheduler,
  variant: Variant,
  readsRegister: boolean,
) {
  await scheduler.step()
  const arrived = truth.history.length - 1
  if (variant !== 'no barrier at arrival') await barrier.pass()
  const statistics = new RequestStatistics()
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const found: boolean[] = []
    let isInRegister: boolean | undefined
    const readRegister = async (): Promise<void> => {
      await scheduler.step()
      isInRegister = truth.now.has('agent:c')
      await scheduler.step()
    }
    for (const agent of AGENTS) {
      found.push(await relations.isRegistered(agent, statistics))
      await scheduler.step()
      if (agent !== 'agent:b' || !readsRegister) continue
      await (variant === 'register not noted' ? readRegister() : relations.readBeside(statistics, readRegister))
    }
    if (statistics.direct) return undefined
    if (await relations.confirm(statistics)) {
      const isLegal = truth.history
        .slice(arrived)
        .some(
          (then) =>
            then.has('agent:c') === (isInRegister ?? then.has('agent:c')) &&
            AGENTS.every((agent, i) => then.has(agent) === found[i]),
        )
      return !isLegal
    }
    statistics.again()
  }
  return undefined
}

async function countViolations(variant: Variant, seeds: number): Promise<{ wrong: number; judged: number }> {
  const counted = { wrong: 0, judged: 0 }
  for (
    let seed = 1;
    seed <= seeds && (variant === 'all rules' || variant === 'tiny memory' || counted.wrong === 0);
    seed += 1
  ) {
    const random = createRandom(seed)
    const scheduler = new Scheduler(random)
    const world = createWorld(scheduler, variant)
    const starting = Promise.resolve(world.barrier.pass())
    await scheduler.runUntil(starting)
    const writers = [0, 1].map(async () => {
      for (let n = 0; n < 6; n += 1) await world.truth.change(AGENTS.filter(() => random(2) === 0))
    })
    const readers = [0, 1, 2].map(async () => {
      for (let n = 0; n < 5; n += 1) {
        // The other arms find their violations among facts.
        const readsRegister =
          variant === 'register not noted' ||
          (variant.endsWith('rules') && random(4) === 0) ||
          (variant === 'tiny memory' && n === 0)
        const isWrong = await decide(world, scheduler, variant, readsRegister)
        if (isWrong !== undefined) counted.judged += 1
        if (isWrong) counted.wrong += 1
      }
    })
    await scheduler.runUntil(Promise.all([...writers, ...readers]))
  }
  return counted
}

describe('decisions while tuples change', () => {
  test.for(['all rules', 'tiny memory'] as const)(
    '%s: what was used was true at one moment after the arrival',
    async (variant) => {
      const { wrong, judged } = await countViolations(variant, 60)
      expect(wrong).toBe(0)
      expect(judged).toBeGreaterThan(variant === 'all rules' ? 100 : 0)
    },
  )

  test.for(['no barrier at arrival', 'no fill check', 'no pending', 'no stamps', 'register not noted'] as const)(
    'is missed when taken away: %s',
    async (variant) => {
      expect((await countViolations(variant, 2_000)).wrong).toBeGreaterThan(0)
    },
  )
})

/** A log and a store whose reads end when the test says so. */
class Stepwise implements InvalidationLog {
  readonly isShared = true
  readonly events: InvalidationEvent[] = [{ seq: 0, token: '0', kind: 'close', change: 'none' }]
  readonly registered = new Set<string>()
  /** Set while reads of this object are to wait. */
  held: { readonly object: string; readonly until: Promise<void> } | undefined

  async start() {
    return { position: { seq: 0, token: '0' }, pending: [] }
  }

  async read({ seq }: { readonly seq: number }) {
    return this.events.slice(seq + 1)
  }

  async readTuples(query: TupleQuery) {
    const object = query.kind === 'object' ? query.object : ''
    if (this.held?.object === object) await this.held.until
    return this.registered.has(object) ? [{ user: object, relation: 'registered', object }] : []
  }

  /** Registers two agents in one Write that is not announced as complete yet. */
  registerBoth(one: Agent, other: Agent): void {
    const keys = [one, other].map((agent) => ({ user: agent, relation: 'registered', object: agent }))
    this.events.push({ seq: this.events.length, token: String(this.events.length), kind: 'open', change: 'c', keys })
    for (const agent of [one, other]) this.registered.add(agent)
  }
}

test.for(['end', 'begin'] as const)(
  'a fill that looked after a barrier is not older than it: stamped at its %s',
  async (stampedAt) => {
    const log = new Stepwise()
    const barrier = new LogBarrier(log)
    let begun = 0
    const readTuples = (query: TupleQuery) => {
      begun = barrier.stamp()
      return log.readTuples(query)
    }
    const stamp = stampedAt === 'end' ? () => barrier.stamp() : () => begun
    const memory = new TupleMemory({ source: { readTuples }, stamp, maxBytes: 1_000_000 })
    barrier.listen(memory)
    const relations = new MemoryRelations({ ...UNUSED, memory, barrier })
    await barrier.pass()
    const one = new RequestStatistics()
    expect(await relations.isRegistered('agent:a', one)).toBe(false)
    const released = Promise.withResolvers<void>()
    log.held = { object: 'agent:b', until: released.promise }
    const reading = relations.isRegistered('agent:b', one)
    // Another decision passes a barrier meanwhile.
    const other = new RequestStatistics()
    await relations.readBeside(other, async () => undefined)
    expect(await relations.confirm(other)).toBe(true)
    log.registerBoth('agent:a', 'agent:b')
    released.resolve()
    expect(await reading).toBe(true)
    // `a` before the change and `b` after it were never true together: the rule sees it, a stamp of the begin does not.
    expect(await relations.confirm(one)).toBe(stampedAt === 'begin')
  },
)
