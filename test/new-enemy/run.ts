/**
 * One arm of the new-enemy test: writers change facts through any PDP, readers ask each PDP, and one observer, this process, judges every answer.
 *
 * @module
 */
import type { Answer } from '../fixtures/pdp.ts'
import { causeFaults, type FaultLog, pause } from './faults.ts'
import { type Random, randomOf } from './random.ts'
import { makeSlots, type Operation, Route, type Slot } from './slots.ts'
import { type Stage, startStage } from './stage.ts'

export interface ArmOptions {
  readonly barrier: 'on' | 'off'
  readonly seed: number
  readonly ms: number
  readonly pdps: number
  /** Slots of each kind. */
  readonly copies: number
  readonly writers: number
  readonly readers: number
  readonly faults: boolean
  /** Pause of a writer and of a reader after each operation, in milliseconds. @default 0 */
  readonly thinkMs?: number
  /** Ends the arm at the first violation. */
  readonly untilFirst?: boolean
}

export interface Violation {
  readonly kind: 'permit after revocation' | 'denial after grant' | 'torn'
  /** Milliseconds since the arm began. */
  readonly at: number
  readonly text: string
}

export interface ArmResult {
  readonly violations: readonly Violation[]
  readonly firstAfterMs: number | undefined
  readonly ms: number
  readonly counts: Readonly<Record<Count, number>>
  readonly faults: Readonly<Record<string, number>>
  /** Changes that were answered as done, by the kind of slot. */
  readonly changesOf: Readonly<Record<string, number>>
}

const COUNTS = ['permits', 'denials', 'unanswered', 'changes', 'refused', 'unknown'] as const
type Count = (typeof COUNTS)[number]

/** Starts the processes, runs one arm, and stops them. */
export async function runArm(options: ArmOptions): Promise<ArmResult> {
  const stage = await startStage(options)
  try {
    const route = new Route(stage)
    const slots = await makeSlots(stage, route, options.copies)
    return await runSlots({ stage, slots, route, cause: (...given) => causeFaults(stage, ...given) }, options)
  } finally {
    await stage.stop()
  }
}

/** What an arm runs on. */
export interface ArmParts {
  readonly stage: Pick<Stage, 'pdps'>
  readonly slots: readonly Slot[]
  readonly route: Pick<Route, 'index'>
  /** Causes faults until the signal aborts, and ends them. */
  readonly cause: (random: Random, log: FaultLog, signal: AbortSignal) => Promise<void>
  /** Is given the counts and violations when the arm begins; they grow while it runs. */
  readonly watch?: (progress: Pick<ArmResult, 'counts' | 'violations'>) => void
}

/** Runs one arm on what was started. */
export function runSlots(parts: ArmParts, options: ArmOptions): Promise<ArmResult> {
  return new Arm(parts, options).run()
}

class Arm {
  readonly #stage: ArmParts['stage']
  readonly #slots: readonly Slot[]
  readonly #route: ArmParts['route']
  readonly #cause: ArmParts['cause']
  readonly #options: ArmOptions
  readonly #begun = performance.now()
  readonly #end = new AbortController()
  readonly #busy = new Set<Slot>()
  readonly #counts: Record<Count, number> = Object.fromEntries(COUNTS.map((count) => [count, 0])) as Record<
    Count,
    number
  >
  readonly #violations: Violation[] = []
  readonly #changesOf = new Map<string, number>()
  readonly #faults: FaultLog = { counts: new Map(), now: '' }

  constructor({ stage, slots, route, cause, watch }: ArmParts, options: ArmOptions) {
    this.#stage = stage
    this.#slots = slots
    this.#route = route
    this.#cause = cause
    this.#options = options
    watch?.({ counts: this.#counts, violations: this.#violations })
  }

  async run(): Promise<ArmResult> {
    const { seed, writers, readers, faults, ms } = this.#options
    const randoms = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => randomOf(seed * 1_000 + from + index))
    const signal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(ms)])
    const running = [
      ...randoms(writers, 0).map((random) => this.#write(random, signal)),
      ...randoms(readers, 100).map((random) => this.#read(random, signal)),
      ...(faults ? [this.#cause(randomOf(seed * 1_000 + 999), this.#faults, signal)] : []),
    ]
    await Promise.all(running)
    return {
      violations: this.#violations,
      firstAfterMs: this.#violations[0]?.at,
      ms: performance.now() - this.#begun,
      counts: this.#counts,
      faults: Object.fromEntries(this.#faults.counts),
      changesOf: Object.fromEntries(this.#changesOf),
    }
  }

  async #write(random: Random, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const slot = random.pick(this.#slots)
      if (this.#busy.has(slot)) {
        await pause(5, signal)
        continue
      }
      this.#busy.add(slot)
      try {
        if (!(await this.#change(slot, slot.next(), random))) await this.#settle(slot, random, signal)
      } finally {
        this.#busy.delete(slot)
      }
      // The moment that counts: every PDP is asked as soon as the change is answered.
      await Promise.all(this.#stage.pdps.map((_, pdp) => this.#ask(slot, pdp, random)))
      await this.#think(signal)
    }
  }

  /** Tries changes with a known result, through any PDP, until one is done. */
  async #settle(slot: Slot, random: Random, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const operation of slot.settling()) if (await this.#change(slot, operation, random)) return
      await pause(100, signal)
    }
  }

  /** @returns Whether the change was done. */
  async #change(slot: Slot, operation: Operation, random: Random): Promise<boolean> {
    const history = slot.current()
    const change = history.begin(operation.value, performance.now())
    this.#route.index = random.integer(this.#stage.pdps.length)
    const answer = await outcomeOf(operation.send())
    if (answer && answer.status >= 400 && answer.status < 500) {
      this.#counts.refused += 1
      history.refused(change)
      return false
    }
    const isDone = answer !== undefined && answer.status < 300
    change.answered = performance.now()
    change.outcome = isDone ? 'done' : 'unknown'
    this.#counts[isDone ? 'changes' : 'unknown'] += 1
    if (!isDone) return false
    operation.done?.(answer)
    const kind = slot.name.replace(/ \d+$/u, '')
    this.#changesOf.set(kind, (this.#changesOf.get(kind) ?? 0) + 1)
    return true
  }

  async #read(random: Random, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#ask(random.pick(this.#slots), random.integer(this.#stage.pdps.length), random)
      await this.#think(signal)
    }
  }

  async #think(signal: AbortSignal): Promise<void> {
    const { thinkMs = 0 } = this.#options
    if (thinkMs > 0) await pause(thinkMs, signal)
  }

  async #ask(slot: Slot, pdp: number, random: Random): Promise<void> {
    const { history, isNegated, ask } = slot.question(random)
    const sent = performance.now()
    this.#route.index = pdp
    const answer = await outcomeOf(ask())
    const answered = performance.now()
    const decision = answer?.status === 200 ? answer.body.decision : answer?.status === 401 ? false : undefined
    if (decision === undefined) {
      this.#counts.unanswered += 1
      // A PDP that is down refuses at once.
      if (!answer) await pause(50, this.#end.signal)
      return
    }
    this.#counts[decision ? 'permits' : 'denials'] += 1
    const value = isNegated ? !decision : decision
    const legal = history.legal(sent, answered)
    if (legal.has(value)) return
    const kind = slot.isConstant ? 'torn' : decision ? 'permit after revocation' : 'denial after grant'
    const reasons = answer?.body?.context?.reasons?.map(({ code }: { readonly code: string }) => code)
    const changes = history.changes
      .slice(-3)
      .map((one) => `${one.value} ${this.#at(one.sent)}-${this.#at(one.answered)} ${one.outcome}`)
    this.#violations.push({
      kind,
      at: Math.round(answered - this.#begun),
      text: `${slot.name} by PDP ${pdp}, asked ${this.#at(sent)}-${this.#at(answered)}: ${decision} (${reasons}); changes: ${changes.join(', ')}; ${this.#faults.now}`,
    })
    if (this.#options.untilFirst) this.#end.abort()
  }

  #at(instant: number): string {
    return (instant - this.#begun).toFixed(1)
  }
}

/** `undefined`: there was no response. A response that the OpenAPI document does not have fails the arm. */
async function outcomeOf(sending: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await sending
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
