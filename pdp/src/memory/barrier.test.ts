import { describe, expect, it } from 'vitest'
import type { InvalidationEvent, InvalidationLog, LogPosition } from '../ports/invalidations.ts'
import { LogBarrier } from './barrier.ts'

const note = (seq: number): InvalidationEvent => ({
  seq,
  token: `t${seq}`,
  kind: 'note',
  topic: 'agent',
  data: `a${seq}`,
})

/** A log in memory, whose reads end when the test says so. */
class HeldLog implements InvalidationLog {
  readonly isShared = true
  events: InvalidationEvent[] = []
  reads: (() => void)[] = []
  isLost = false

  async start() {
    return { position: { seq: this.events.length, token: this.events.at(-1)?.token ?? '' }, pending: [] }
  }

  async read({ seq }: LogPosition): Promise<readonly InvalidationEvent[] | undefined> {
    const found = this.events.filter((event) => event.seq > seq)
    const { isLost } = this
    await new Promise<void>((resolve) => this.reads.push(resolve))
    return isLost ? undefined : found
  }
}

function listening(barrier: LogBarrier) {
  const seen: (number | 'reset')[] = []
  barrier.listen({ apply: ({ seq }) => void seen.push(seq), reset: () => void seen.push('reset') })
  return seen
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('LogBarrier', () => {
  it('shares one read among all that wait, and applies the events in order', async () => {
    const log = new HeldLog()
    const barrier = new LogBarrier(log)
    const seen = listening(barrier)
    await barrier.pass()
    log.events.push(note(1), note(2))
    const passes = [barrier.pass(), barrier.pass()]
    await turn()
    expect(log.reads).toHaveLength(1)
    log.reads.shift()?.()
    const [one, two] = await Promise.all(passes)
    expect(one).toBe(two)
    expect(seen).toEqual(['reset', 1, 2])
  })

  it('lets a caller that comes during a read wait for the next one', async () => {
    const log = new HeldLog()
    const barrier = new LogBarrier(log)
    const seen = listening(barrier)
    await barrier.pass()
    const early = barrier.pass()
    await turn()
    log.events.push(note(1))
    const late = barrier.pass()
    log.reads.shift()?.()
    await early
    expect(seen).toEqual(['reset'])
    await turn()
    log.reads.shift()?.()
    expect(await late).toBeGreaterThan(await early)
    expect(seen).toEqual(['reset', 1])
  })

  it('drops all memory after forgetAll, also where a read under way moves the position on', async () => {
    const log = new HeldLog()
    const barrier = new LogBarrier(log)
    const seen = listening(barrier)
    await barrier.pass()
    log.events.push(note(1))
    const early = barrier.pass()
    await turn()
    barrier.forgetAll()
    const late = barrier.pass()
    log.reads.shift()?.()
    await early
    expect(seen).toEqual(['reset', 1])
    await late
    expect(seen).toEqual(['reset', 1, 'reset'])
  })

  it('drops all memory of a log that is not shared before the next caller passes', async () => {
    const log = { ...new HeldLog(), start: async () => ({ position: { seq: 0, token: '' }, pending: [] }) }
    const barrier = new LogBarrier({ ...log, isShared: false, read: async () => [] })
    const seen = listening(barrier)
    await barrier.pass()
    barrier.forgetAll()
    await barrier.pass()
    await barrier.pass()
    expect(seen).toEqual(['reset', 'reset'])
  })

  it('drops all memory when its position is no longer in the log', async () => {
    const log = new HeldLog()
    const barrier = new LogBarrier(log)
    const seen = listening(barrier)
    await barrier.pass()
    log.isLost = true
    const pass = barrier.pass()
    await turn()
    log.reads.shift()?.()
    await pass
    expect(seen).toEqual(['reset', 'reset'])
  })
})

describe('LogBarrier over a log of this process', () => {
  /** A log whose events reach its subscriber as they are committed. */
  class DirectLog implements InvalidationLog {
    readonly isShared = false
    starts = 0
    commit: (event: InvalidationEvent) => void = () => undefined
    whenStarted = Promise.withResolvers<void>()

    async start() {
      this.starts += 1
      await this.whenStarted.promise
      return { position: { seq: 0, token: '' }, pending: [] }
    }

    async read(): Promise<readonly InvalidationEvent[]> {
      throw new Error('a log of this process is not read')
    }

    subscribe(apply: (event: InvalidationEvent) => void): void {
      this.commit = apply
    }
  }

  it('applies an event in the turn of its commit, and reads the log once', async () => {
    const log = new DirectLog()
    const barrier = new LogBarrier(log)
    const seen = listening(barrier)
    log.whenStarted.resolve()
    const first = await barrier.pass()
    log.commit(note(1))
    expect(seen).toEqual(['reset', 1])
    expect(await barrier.pass()).toBeGreaterThan(first)
    expect(log.starts).toBe(1)
  })

  it('applies events that are committed during a reset after it', async () => {
    const log = new DirectLog()
    const barrier = new LogBarrier(log)
    const seen = listening(barrier)
    const passing = barrier.pass()
    await turn()
    log.commit(note(1))
    expect(seen).toEqual([])
    log.whenStarted.resolve()
    await passing
    expect(seen).toEqual(['reset', 1])
  })

  it('puts rows that were read in place in one run with the reset, and waits until every listener has settled', async () => {
    const log = new DirectLog()
    const barrier = new LogBarrier(log)
    const seen: string[] = []
    barrier.listen({
      apply: () => undefined,
      reset: () => void seen.push('reset'),
      load: async () => {
        seen.push('read')
        return () => void seen.push('put')
      },
      settle: async () => {
        await turn()
        seen.push('settled')
      },
    })
    log.whenStarted.resolve()
    await barrier.pass()
    expect(seen).toEqual(['read', 'reset', 'put', 'settled'])
  })

  it('switched off, lets callers pass without a read, and follows the log later', async () => {
    const log = new HeldLog()
    const barrier = new LogBarrier(log, undefined, { isOff: true })
    const seen = listening(barrier)
    await barrier.pass()
    log.events.push(note(1))
    await barrier.pass()
    expect(log.reads).toEqual([])
    await expect.poll(() => log.reads.length).toBe(1)
    log.reads.shift()?.()
    await expect.poll(() => seen).toEqual(['reset', 1])
  })
})
