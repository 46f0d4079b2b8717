/**
 * Timing with the CPU time of the processes that answer: closed loops (so many callers), and a paced load (so many requests a second).
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** One thing to time. `once` throws when the answer is not the expected one: a fast wrong answer is not a result. */
export interface Timed {
  readonly system: string
  readonly name: string
  readonly once: () => Promise<void>
  /** Processes whose CPU time is counted, with their children. */
  readonly pids: () => readonly number[]
}

/** Times in milliseconds, CPU time in microseconds a request. */
export interface Figures {
  readonly rps: number
  readonly p50: number
  readonly p99: number
  readonly cpuUs: number
}

export interface Rounds {
  readonly rounds: number
  readonly roundMs: number
  readonly warmMs: number
}

export const median = (values: readonly number[]): number => quantile(values.toSorted(ascending), 0.5)
const ascending = (a: number, b: number): number => a - b
export const quantile = (sorted: readonly number[], at: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN

/** Times every case once a round, in turn, so that a disturbance of the machine meets all of them. @returns the median of the rounds of each figure. */
export async function interleaved(
  cases: readonly Timed[],
  callers: number,
  { rounds, roundMs, warmMs }: Rounds,
): Promise<ReadonlyMap<Timed, Figures>> {
  const seen = new Map<Timed, Figures[]>(cases.map((one) => [one, []]))
  for (const one of cases) await closedLoop(one, callers, warmMs)
  for (let round = 0; round < rounds; round += 1)
    for (const one of cases) seen.get(one)?.push(await closedLoop(one, callers, roundMs))
  return new Map(cases.map((one) => [one, medians(seen.get(one) ?? [])]))
}

function medians(all: readonly Figures[]): Figures {
  const of = (figure: keyof Figures): number => median(all.map((one) => one[figure]))
  return { rps: of('rps'), p50: of('p50'), p99: of('p99'), cpuUs: of('cpuUs') }
}

/** So many callers, each of whom waits for an answer before asking again. */
async function closedLoop(one: Timed, callers: number, ms: number): Promise<Figures> {
  const took: number[] = []
  const used = cpuClock(one.pids())
  const start = performance.now()
  const caller = async (): Promise<void> => {
    while (performance.now() < start + ms) {
      const begin = performance.now()
      await one.once()
      took.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return figuresOf(took, performance.now() - start, used())
}

/** Sends so many requests a second, whether or not earlier ones are answered. Times count from when a request was due, so waiting is not hidden. */
export async function paced(one: Timed, perSecond: number, ms: number): Promise<Figures> {
  const took: number[] = []
  const used = cpuClock(one.pids())
  const start = performance.now()
  const count = Math.max(1, Math.round((perSecond * ms) / 1_000))
  const under: Promise<void>[] = []
  for (let sent = 0; sent < count; ) {
    const isDue = Math.min(count, Math.floor(((performance.now() - start) * perSecond) / 1_000) + 1)
    for (; sent < isDue; sent += 1) {
      const due = start + (sent * 1_000) / perSecond
      under.push(one.once().then(() => void took.push(performance.now() - due)))
    }
    await sleep(1)
  }
  await Promise.all(under)
  return figuresOf(took, performance.now() - start, used())
}

function figuresOf(took: number[], ms: number, cpuUs: number): Figures {
  took.sort(ascending)
  return {
    rps: (took.length / ms) * 1_000,
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    cpuUs: cpuUs / took.length,
  }
}

/** Microseconds of a tick of `/proc/<pid>/stat`; Linux counts 100 a second. */
const TICK_US = 10_000

/** @returns a function that tells the CPU time used since, in microseconds; not a number where the system does not say. */
function cpuClock(pids: readonly number[]): () => number {
  const before = cpuUsOf(pids)
  return () => cpuUsOf(pids) - before
}

function cpuUsOf(roots: readonly number[]): number {
  try {
    const all = readdirSync('/proc').filter((name) => /^\d+$/u.test(name))
    const stats = new Map(all.flatMap((name) => statOf(Number(name))))
    const isOurs = (pid: number): boolean => {
      for (let at = pid, depth = 0; depth < 8; depth += 1) {
        if (roots.includes(at)) return true
        const parent = stats.get(at)?.parent
        if (parent === undefined || parent <= 1) return false
        at = parent
      }
      return false
    }
    return [...stats].reduce((sum, [pid, { ticks }]) => (isOurs(pid) ? sum + ticks * TICK_US : sum), 0)
  } catch {
    return Number.NaN
  }
}

/** A process that ended meanwhile is none. */
function statOf(pid: number): readonly (readonly [number, { readonly parent: number; readonly ticks: number }])[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return [[pid, { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }]]
  } catch {
    return []
  }
}
