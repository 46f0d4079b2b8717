/**
 * Messages between the primary process and its workers (`PDP_WORKERS`), by the channel of `node:cluster`.
 *
 * @module
 */
import type { CollectedMetrics } from './runtime/metrics.ts'

/** From the primary to a worker. */
export type ToWorker =
  /** Finish what is in flight, then end with 0. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'load_policies' }
  /** Answer with `collected` and the same number. */
  | { readonly kind: 'collect'; readonly round: number }
  /** The answer to `collect_all`: the metrics of each worker that answered. */
  | { readonly kind: 'collected_all'; readonly round: number; readonly metrics: readonly CollectedMetrics[] }

/** From a worker to the primary. */
export type ToPrimary =
  | { readonly kind: 'listening'; readonly url: string }
  /** Collect the metrics of all workers; the answer has the same number. */
  | { readonly kind: 'collect_all'; readonly round: number }
  | { readonly kind: 'collected'; readonly round: number; readonly metrics: CollectedMetrics }
