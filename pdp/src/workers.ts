/**
 * The primary process of several workers (`PDP_WORKERS`): starts them, starts one again that ended, and passes on what concerns all. It opens no
 * store, no log and no request; `node:cluster` hands each connection to the next worker.
 *
 * @module
 */
import cluster, { type Worker } from 'node:cluster'
import { EXIT_CONFIG, once } from '@mandate/service'
import type { Logger } from 'pino'
import type { CollectedMetrics } from './runtime/metrics.ts'
import { WORKER_NUMBER } from './worker.ts'
import type { ToPrimary, ToWorker } from './worker-messages.ts'

/** Pause before a worker that ended is started again, in milliseconds: doubled with each attempt that does not come to listen. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000
/** How long a worker must have listened for its next end to count as the first, in milliseconds. */
const STEADY_MS = 10_000
/** How long the metrics of a worker are waited for, in milliseconds. */
const METRICS_WITHIN_MS = 1_000
/** Exit status where a worker was killed. */
const EXIT_SOFTWARE = 70

/** Options of {@link Workers}. */
export interface WorkersOptions {
  /** 2 or more. */
  readonly count: number
  readonly logger: Logger
  /** Called once, when all are stopped because one cannot start or cannot go on, with the exit status of that one. */
  readonly onFailed: (status: number) => void
}

interface Running {
  readonly worker: Worker
  /** When it came to listen, by `performance.now`; `undefined` before. */
  listeningSince: number | undefined
}

/** The workers of this process, by their number from 1. */
export class Workers {
  readonly #options: WorkersOptions
  readonly #running = new Map<number, Running>()
  /** Attempts since the worker last listened for a while. */
  readonly #attempts = new Map<number, number>()
  readonly #pauses = new Map<number, NodeJS.Timeout>()
  readonly #rounds = new Map<number, Round>()
  #lastRound = 0
  /** Whether all have listened once: before that, the end of one is a failed start. */
  #isUp = false
  #isStopping = false
  /** Exit statuses of the workers that ended after they had been told to stop. */
  readonly #statuses: number[] = []
  #onAllEnded: () => void = () => undefined
  /** Tells all workers to stop and resolves when they have ended. Rejects when one did not end with 0. Later calls return the same promise. */
  readonly close = once(() => this.#stop())

  constructor(options: WorkersOptions) {
    this.#options = options
  }

  /** Starts the first worker, which brings schema and model up to date; the others follow once it listens. */
  start(): void {
    this.#fork(1)
  }

  /** Has one worker load the policies. The others follow by the invalidation log, as other PDPs do. */
  loadPolicies(): void {
    const [first] = this.#listening()
    if (first) send(first, { kind: 'load_policies' })
    else this.#options.logger.error('policies not loaded: no worker is running')
  }

  #fork(number: number): void {
    const worker = cluster.fork({ [WORKER_NUMBER]: String(number) })
    this.#running.set(number, { worker, listeningSince: undefined })
    worker.on('message', (message: ToPrimary) => this.#receive(number, worker, message))
    worker.once('exit', (code, signal) => this.#ended(number, code ?? EXIT_SOFTWARE, signal))
  }

  #receive(number: number, worker: Worker, message: ToPrimary): void {
    if (message.kind === 'listening') this.#listens(number, message.url)
    if (message.kind === 'collect_all') void this.#answerMetrics(worker, message.round)
    if (message.kind === 'collected') this.#rounds.get(message.round)?.add(worker, message.metrics)
  }

  #listens(number: number, url: string): void {
    const running = this.#running.get(number)
    if (!running || this.#isStopping) return
    running.listeningSince = performance.now()
    const { count, logger } = this.#options
    if (this.#isUp) return
    if (number === 1) for (let other = 2; other <= count; other += 1) this.#fork(other)
    this.#isUp = this.#listening().length === count
    if (this.#isUp) logger.info({ url, workers: count }, 'listening')
  }

  #ended(number: number, status: number, signal: string | null): void {
    const running = this.#running.get(number)
    this.#running.delete(number)
    for (const round of this.#rounds.values()) if (running) round.drop(running.worker)
    if (this.#isStopping) {
      this.#statuses.push(status)
      if (this.#running.size === 0) this.#onAllEnded()
      return
    }
    const { logger } = this.#options
    const fields = { worker: number, ...(signal ? { signal } : { status }) }
    // Another start would meet the same configuration.
    if (status === EXIT_CONFIG || !this.#isUp) {
      logger.fatal(fields, 'a worker cannot run: stopping all')
      void this.close()
        .catch((error: unknown) => logger.error({ err: error }, 'not stopped cleanly'))
        .then(() => this.#options.onFailed(status))
      return
    }
    const pause = this.#pauseBefore(number, running?.listeningSince)
    logger.error({ ...fields, pause }, 'a worker ended: starting it again')
    this.#pauses.set(
      number,
      setTimeout(() => this.#fork(number), pause),
    )
  }

  /** @param listeningSince - `undefined` when the attempt that ended did not come to listen. */
  #pauseBefore(number: number, listeningSince: number | undefined): number {
    const wasSteady = listeningSince !== undefined && performance.now() - listeningSince >= STEADY_MS
    const attempts = wasSteady ? 0 : (this.#attempts.get(number) ?? 0)
    this.#attempts.set(number, attempts + 1)
    return Math.min(FIRST_PAUSE_MS * 2 ** attempts, LONGEST_PAUSE_MS)
  }

  async #stop(): Promise<void> {
    this.#isStopping = true
    for (const pause of this.#pauses.values()) clearTimeout(pause)
    const ended = new Promise<void>((resolve) => {
      this.#onAllEnded = resolve
    })
    for (const { worker } of this.#running.values()) send(worker, { kind: 'stop' })
    if (this.#running.size > 0) await ended
    const status = this.#statuses.find((one) => one !== 0)
    if (status !== undefined) throw new Error(`a worker ended with ${status}`)
  }

  async #answerMetrics(asking: Worker, round: number): Promise<void> {
    this.#lastRound += 1
    const own = this.#lastRound
    const collecting = new Round(this.#listening())
    this.#rounds.set(own, collecting)
    for (const worker of this.#listening()) send(worker, { kind: 'collect', round: own })
    const metrics = await collecting.within(METRICS_WITHIN_MS)
    this.#rounds.delete(own)
    send(asking, { kind: 'collected_all', round, metrics })
  }

  #listening(): readonly Worker[] {
    const all = [...this.#running].toSorted(([a], [b]) => a - b).map(([, running]) => running)
    return all.filter(({ listeningSince }) => listeningSince !== undefined).map(({ worker }) => worker)
  }
}

/** Metrics of several workers that are being collected. */
class Round {
  readonly #missing: Set<Worker>
  readonly #metrics: CollectedMetrics[] = []
  readonly #done = Promise.withResolvers<void>()

  constructor(workers: readonly Worker[]) {
    this.#missing = new Set(workers)
    this.#finish()
  }

  add(worker: Worker, metrics: CollectedMetrics): void {
    if (this.#missing.has(worker)) this.#metrics.push(metrics)
    this.drop(worker)
  }

  /** Waits for this worker no more. */
  drop(worker: Worker): void {
    this.#missing.delete(worker)
    this.#finish()
  }

  /** Resolves when all have answered, or with what there is after so many milliseconds: a suspended worker must not hide the others. */
  async within(ms: number): Promise<readonly CollectedMetrics[]> {
    const late = setTimeout(this.#done.resolve, ms)
    await this.#done.promise
    clearTimeout(late)
    return this.#metrics
  }

  #finish(): void {
    if (this.#missing.size === 0) this.#done.resolve()
  }
}

/** Sends to a worker. One whose channel is closed is about to be reported as ended. */
function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined)
}
