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
