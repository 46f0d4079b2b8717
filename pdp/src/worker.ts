/**
 * A PDP as one of several workers of a primary process (`PDP_WORKERS`): its configuration, and its side of the channel to the primary.
 *
 * @module
 */
import cluster, { type Worker } from 'node:cluster'
import { join } from 'node:path'
import type { Config } from './config.ts'
import type { CollectedMetrics, Metrics } from './runtime/metrics.ts'
import type { ToPrimary, ToWorker } from './worker-messages.ts'

/** Environment variable in which a worker finds its number, from 1. The primary sets it, never an operator. */
export const WORKER_NUMBER = 'MANDATE_PDP_WORKER'

/** How long a worker waits for the metrics of all, in milliseconds; longer than the primary waits for those of one. */
const METRICS_WITHIN_MS = 2_000

/**
 * The configuration of worker `number`. The first one keeps data folder and log origin, so that a PDP that was one process goes on with its log;
 * the others have `worker-2` in that folder and `/w2` behind that origin, and so on.
 */
export function workerConfig(config: Config, number: number): Config {
  const { PDP_WORKER_PORT: port, PDP_DATA_DIR: dir, PDP_LOG_ORIGIN: origin } = config
  const own = port === undefined || port === 0 ? port : port + number - 1
  if (number === 1) return config
  return {
    ...config,
    PDP_WORKER_PORT: own,
    PDP_DATA_DIR: join(dir, `worker-${number}`),
    PDP_LOG_ORIGIN: `${origin}/w${number}`,
  }
}

/** What a worker does when the primary says so. */
export interface WorkerTasks {
  readonly metrics: Metrics
  readonly loadPolicies: () => void
  readonly stop: () => void
}

/** The channel from a worker to the primary. */
export class PrimaryLink {
  readonly #worker: Worker
  readonly #rounds = new Map<number, (metrics: readonly CollectedMetrics[]) => void>()
  #lastRound = 0
  #tasks: WorkerTasks | undefined

  private constructor(worker: Worker, onStopAtStart: () => void) {
    this.#worker = worker
    worker.on('message', (message: ToWorker) => {
      if (message.kind === 'collected_all') this.#rounds.get(message.round)?.(message.metrics)
      else if (this.#tasks) void this.#carryOut(message, this.#tasks)
      else if (message.kind === 'stop') onStopAtStart()
    })
  }

  /**
   * Opens the channel in a worker; `undefined` in a process that is none.
   *
   * @param onStopAtStart - Called when the worker shall stop before it has started.
   */
  static open(onStopAtStart: () => void): PrimaryLink | undefined {
    return cluster.worker && new PrimaryLink(cluster.worker, onStopAtStart)
  }

  /** Tells the primary that the worker listens, and carries out from now on what it asks for. */
  started(url: string, tasks: WorkerTasks): void {
    this.#tasks = tasks
    tasks.metrics.addUp(() => this.#collectAll())
    this.#send({ kind: 'listening', url })
  }

  async #carryOut(message: ToWorker, { metrics, loadPolicies, stop }: WorkerTasks): Promise<void> {
    if (message.kind === 'stop') stop()
    if (message.kind === 'load_policies') loadPolicies()
    if (message.kind === 'collect')
      this.#send({ kind: 'collected', round: message.round, metrics: await metrics.collect() })
  }

  #collectAll(): Promise<readonly CollectedMetrics[]> {
    this.#lastRound += 1
    const round = this.#lastRound
    const { promise, resolve, reject } = Promise.withResolvers<readonly CollectedMetrics[]>()
    const late = setTimeout(() => reject(new Error('the primary process gave no metrics')), METRICS_WITHIN_MS)
    this.#rounds.set(round, resolve)
    this.#send({ kind: 'collect_all', round })
    return promise.finally(() => {
      clearTimeout(late)
      this.#rounds.delete(round)
    })
  }

  #send(message: ToPrimary): void {
    // A primary that is gone ends this process, whatever was to be sent.
    this.#worker.send(message, () => undefined)
  }
}
