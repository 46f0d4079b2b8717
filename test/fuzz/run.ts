/**
 * Sends generated inputs to targets, several at a time, and keeps those that a target answered wrongly or too late, and how much memory each process has.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { randomOf } from '../new-enemy/random.ts'
import type { Input, Outcome, Target } from './target.ts'

export interface FuzzOptions {
  readonly requests: number
  readonly seed: number
  /** Inputs under way at a time. */
  readonly connections: number
  /** An input that takes longer, three times in a row, is a hang; in milliseconds. */
  readonly hangMs: number
  /** Pause before memory is read at the end, in milliseconds. @default 2000 */
  readonly settleMs?: number
  /** Called after each hundredth part. */
  readonly onProgress?: (done: number) => void
  /** Called now and then between inputs, before tokens are too old. */
  readonly refresh?: () => Promise<void>
  /** Called before an input is sent: where it never returns, this is the one. */
  readonly onSend?: (target: string, index: number) => void
}

/** An input that was answered wrongly. It can be sent again. */
export interface Failure {
  readonly target: string
  /** Which input of the target it is: it repeats with the seed. */
  readonly index: number
  readonly what: 'fault' | 'hang'
  readonly text: string
  readonly input: Input
}

export interface TargetReport {
  readonly name: string
  readonly sent: number
  readonly answers: Readonly<Record<string, number>>
  readonly slowestMs: number
  /** Inputs that took longer than a hang, or got a 503, once, and not when they were sent again alone. */
  readonly slowOnce: number
}

export interface MemoryReport {
  readonly name: string
  /** Resident memory when a fifth was sent, and at the end, in megabytes. */
  readonly earlyMb: number
  readonly lateMb: number
}

export interface FuzzResult {
  readonly targets: readonly TargetReport[]
  readonly failures: readonly Failure[]
  readonly memory: readonly MemoryReport[]
  readonly ms: number
}

/** A failing kind is kept this often for each target. */
const KEPT = 20
const AGAIN = 3
const REFRESH_MS = 300_000
const SETTLE_MS = 2_000

export async function runFuzz(targets: readonly Target[], options: FuzzOptions): Promise<FuzzResult> {
  const { requests, connections, onProgress, refresh } = options
  const begun = performance.now()
  const states = targets.map((target, place) => new TargetState(target, place, options))
  const plan = planOf(targets, requests)
  let done = 0
  let refreshed = performance.now()
  let early: ReadonlyMap<string, number> | undefined
  const order = shuffledOf(plan, options.seed)
  const worker = async (): Promise<void> => {
    for (let place = order.pop(); place !== undefined; place = order.pop()) {
      await states[place]?.next()
      done += 1
      if (done % Math.max(1, Math.floor(requests / 100)) === 0) onProgress?.(done)
      if (done >= requests / 5) early ??= memoryOf(targets)
      if (refresh && performance.now() - refreshed > REFRESH_MS) {
        refreshed = performance.now()
        await refresh()
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, worker))
  for (const state of states) await state.sendSlowOnesAgain()
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, options.settleMs ?? SETTLE_MS))
  const late = memoryOf(targets)
  const memory = [...late].map(([name, lateMb]) => ({ name, earlyMb: early?.get(name) ?? lateMb, lateMb }))
  return {
    targets: states.map((state) => state.report()),
    failures: states.flatMap(({ failures }) => failures),
    memory,
    ms: performance.now() - begun,
  }
}

/** The input of a target with this number. */
export function inputOf(target: Target, seed: number, place: number, index: number): Input {
  return target.draw(randomOf((seed * 1_000_003 + place * 7_919) * 31 + index * 2_654_435_761))
}

class TargetState {
  readonly failures: Failure[] = []
  readonly #target: Target
  readonly #place: number
  readonly #options: FuzzOptions
  readonly #answers = new Map<string, number>()
  readonly #slow: { readonly index: number; readonly input: Input; readonly ms: number }[] = []
  #next = 0
  #slowestMs = 0
  #slowOnce = 0

  constructor(target: Target, place: number, options: FuzzOptions) {
    this.#target = target
    this.#place = place
    this.#options = options
  }

  async next(): Promise<void> {
    const index = this.#next
    this.#next += 1
    const input = inputOf(this.#target, this.#options.seed, this.#place, index)
    this.#options.onSend?.(this.#target.name, index)
    const { answer, fault, ms } = await timed(this.#target, input)
    this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1)
    this.#slowestMs = Math.max(this.#slowestMs, ms)
    if (fault === '503') this.#slow.push({ index, input, ms: Number.POSITIVE_INFINITY })
    else if (fault !== undefined) this.#keep({ target: this.#target.name, index, what: 'fault', text: fault, input })
    else if (ms > this.#options.hangMs) this.#slow.push({ index, input, ms })
  }

  /** Tells a hang, and a 503, from a machine that was busy: alone, three times. */
  async sendSlowOnesAgain(): Promise<void> {
    for (const { index, input, ms } of this.#slow.slice(0, KEPT * 5)) {
      let least = ms
      for (let left = AGAIN; left > 0 && least > this.#options.hangMs; left -= 1) {
        const again = await timed(this.#target, input)
        if (again.fault === undefined) least = Math.min(least, again.ms)
      }
      if (least <= this.#options.hangMs) this.#slowOnce += 1
      else this.#keep({ target: this.#target.name, index, ...lateOf(least), input })
    }
  }

  #keep(failure: Failure): void {
    if (this.failures.filter(({ text }) => text === failure.text).length < KEPT) this.failures.push(failure)
  }

  report(): TargetReport {
    return {
      name: this.#target.name,
      sent: this.#next,
      answers: Object.fromEntries([...this.#answers].toSorted()),
      slowestMs: Math.round(this.#slowestMs),
      slowOnce: this.#slowOnce,
    }
  }
}

const lateOf = (least: number): Pick<Failure, 'what' | 'text'> =>
  Number.isFinite(least)
    ? { what: 'hang', text: `${Math.round(least)} ms at least` }
    : { what: 'fault', text: '503 each time' }

async function timed(target: Target, input: Input): Promise<Outcome & { readonly ms: number }> {
  const from = performance.now()
  const outcome = await target.send(input)
  return { ...outcome, ms: performance.now() - from }
}

/** How many inputs each target gets, by its weight. */
function planOf(targets: readonly Target[], requests: number): readonly number[] {
  const all = targets.reduce((sum, { weight }) => sum + weight, 0)
  const counts = targets.map(({ weight }) => Math.floor((requests * weight) / all))
  const left = requests - counts.reduce((sum, count) => sum + count, 0)
  return counts.map((count, place) => (place === 0 ? count + left : count))
}

function shuffledOf(counts: readonly number[], seed: number): number[] {
  const order = counts.flatMap((count, place) => Array.from({ length: count }, () => place))
  const random = randomOf(seed)
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = random.integer(at + 1)
    const [one = 0, two = 0] = [order[at], order[other]]
    order[at] = two
    order[other] = one
  }
  return order
}

const PAGE_BYTES = 4_096

/** Resident memory of each process that the targets run in, in megabytes. */
function memoryOf(targets: readonly Target[]): ReadonlyMap<string, number> {
  const processes = new Map(targets.flatMap(({ name, pid }) => (pid ? [[name, pid()] as const] : [])))
  const residents = [...processes].map(([name, pid]) => [name, residentMb(pid)] as const)
  return new Map([...residents, ['readers (this process)', residentMb(process.pid)]])
}

function residentMb(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return Math.round((pages * PAGE_BYTES) / 2 ** 20)
}
