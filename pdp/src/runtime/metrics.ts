/**
 * Metrics of the PDP for Prometheus: decisions by reason, requests by route, faults by code. No label names a person, a resource or a caller.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/ Prometheus text format}
 * @module
 */
import { type EpochMillis, type LogLag, PROBLEMS, type ProblemCode } from '@mandate/protocol'
import { AggregatorRegistry, Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { UNANSWERED_CAUSES, type UnansweredCause } from '../ports/answer.ts'
import type { InvalidationEvent } from '../ports/invalidations.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'
import type { Undelivered } from '../ports/signal-outbox.ts'
import { registerGauge, registerHealth, registerMemory, type Watched, type WatchedMemory } from './gauges.ts'
import { LAG_GAUGES } from './lag-gauges.ts'
import {
  createDeliveryCounter,
  createSignalCounter,
  type DeliveryOutcome,
  registerUndelivered,
  type SignalOutcome,
} from './signal-counter.ts'

/** Histogram buckets in seconds: a decision takes a few milliseconds, and callers wait five seconds at most. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Codes of faults that are nothing a caller did, and of refusals by a limit. */
const FAULT_CODES = Object.keys(PROBLEMS).filter((code) => {
  const { status } = PROBLEMS[code as ProblemCode]
  return status >= 500 || status === 429
})

/** Outcome of a call to OpenFGA. `refused`: not sent, because the circuit was open or the caller's deadline had passed. */
export type RelationsOutcome = 'answered' | 'failed' | 'refused'

/** Metrics of one process, as they are sent to another process. */
export type CollectedMetrics = readonly object[]

export class Metrics {
  readonly #registry = new Registry()
  /** Collects the metrics of all workers, this one's included. */
  #collectAll: (() => Promise<readonly CollectedMetrics[]>) | undefined
  readonly #shared = { registers: [this.#registry] }
  readonly #requests = new Histogram({
    name: 'mandate_http_request_seconds',
    help: 'Time from a request’s arrival to the end of its answer, by route (the path of the OpenAPI document) and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    ...this.#shared,
  })
  readonly #decisions = new Counter({
    name: 'mandate_decisions_total',
    help: 'Decisions that were recorded, by their answer and first reason.',
    labelNames: ['decision', 'reason'],
    ...this.#shared,
  })
  readonly #entries = new Counter({
    name: 'mandate_log_entries_total',
    help: 'Entries of the decision log that this process has made durable, by kind.',
    labelNames: ['kind'],
    ...this.#shared,
  })
  readonly #appends = new Histogram({
    name: 'mandate_log_append_seconds',
    help: 'Time until an entry was durable: the wait for its group and the group’s sync.',
    buckets: BUCKETS,
    ...this.#shared,
  })
  readonly #authentications = new Histogram({
    name: 'mandate_authentication_seconds',
    help: 'Time until a caller was authenticated: the read barrier and, for a token that is not remembered, its verification.',
    buckets: BUCKETS,
    ...this.#shared,
  })
  readonly #deciding = new Histogram({
    name: 'mandate_decide_seconds',
    help: 'Time of one decision, calls to OpenFGA included, without authentication and without the log.',
    buckets: [0.0001, 0.00025, 0.0005, ...BUCKETS],
    ...this.#shared,
  })
  readonly #relations = new Histogram({
    name: 'mandate_openfga_request_seconds',
    help: 'Time of a call to OpenFGA for a decision, its retry included, by how it ended.',
    labelNames: ['outcome'],
    buckets: BUCKETS,
    ...this.#shared,
  })
  readonly #unanswered = new Counter({
    name: 'mandate_openfga_unanswered_total',
    help: 'Questions of a BatchCheck that OpenFGA could not evaluate, by why: parameter, cost, depth, refused, failed or absent.',
    labelNames: ['reason'],
    ...this.#shared,
  })
  readonly #barriers = new Histogram({
    name: 'mandate_barrier_seconds',
    help: 'Time that requests waited for a read of the invalidation log, by how it ended: passed or failed. None with SQLite.',
    labelNames: ['outcome'],
    buckets: [0.0005, ...BUCKETS],
    ...this.#shared,
  })
  readonly #events = new Counter({
    name: 'mandate_invalidations_total',
    help: 'Events of the invalidation log that this process applied, by kind: open, close, or the topic of a note.',
    labelNames: ['kind'],
    ...this.#shared,
  })
  readonly #resets = new Counter({
    name: 'mandate_memory_resets_total',
    help: 'How often all memory was dropped: at the start, and when the invalidation log no longer had the last event that was applied.',
    ...this.#shared,
  })
  readonly #shadows = new Counter({
    name: 'mandate_shadow_comparisons_total',
    help: 'Decisions from memory that OpenFGA was asked for too (PDP_SHADOW_EVERY), by outcome: equal, different, or unknown where facts changed meanwhile.',
    labelNames: ['outcome'],
    ...this.#shared,
  })
  readonly #differences = new Counter({
    name: 'mandate_shadow_differences_total',
    help: 'Decisions from memory that differ from those of OpenFGA. Any wants a person, and ENGINE=openfga until it is explained.',
    ...this.#shared,
  })
  readonly #foreign = new Counter({
    name: 'mandate_foreign_changes_total',
    help: 'Tuples that another program than a PDP changed in OpenFGA, found some seconds later. Each PDP counts them.',
    ...this.#shared,
  })
  readonly #signals = createSignalCounter(this.#registry)
  readonly #deliveries = createDeliveryCounter(this.#registry)
  readonly #faults = new Counter({
    name: 'mandate_faults_total',
    help: 'Requests, and items of batches, that ended in a fault, by its code. `internal` wants a person: a bug, or a chain that did not verify.',
    labelNames: ['code'],
    ...this.#shared,
  })

  readonly #reloads = new Counter({
    name: 'mandate_reloads_total',
    help: 'Attempts to take changed secrets and certificates from their files again. Refused ones are tried again every 5 seconds.',
    labelNames: ['outcome'],
    ...this.#shared,
  })

  constructor() {
    for (const outcome of ['applied', 'refused']) this.#reloads.inc({ outcome }, 0)
    // Samples that alerts look at exist from the start: `increase` and `rate` do not see the first count of a sample that appears with it.
    for (const code of FAULT_CODES) this.#faults.inc({ code }, 0)
    for (const reason of UNANSWERED_CAUSES) this.#unanswered.inc({ reason }, 0)
    for (const outcome of ['equal', 'different', 'unknown']) this.#shadows.inc({ outcome }, 0)
    for (const outcome of ['passed', 'failed']) this.#barriers.zero({ outcome })
    for (const outcome of ['answered', 'failed', 'refused']) this.#relations.zero({ outcome })
  }

  /** Metrics in Prometheus' text format, with the content type: those of all workers added up, where there are several. */
  async read(): Promise<{ readonly type: string; readonly text: string }> {
    const all = await this.#collectAll?.()
    const registry = all ? AggregatorRegistry.aggregate([...all]) : this.#registry
    return { type: registry.contentType, text: await registry.metrics() }
  }

  /** Metrics of this process alone. */
  collect(): Promise<CollectedMetrics> {
    return this.#registry.getMetricsAsJSON()
  }

  /** Makes {@link read} add up the metrics of several processes. A gauge's `aggregator` says how; counters and histograms are sums. */
  addUp(collectAll: () => Promise<readonly CollectedMetrics[]>): void {
    this.#collectAll = collectAll
    registerGauge(this.#registry, 'mandate_workers', 'Workers whose metrics these are (PDP_WORKERS).', () => 1)
  }

  /** Registers gauges of the PDP's state, which are read when metrics are. */
  watch(watched: Watched): void {
    registerHealth(this.#registry, watched)
  }

  /** Registers gauges and counters of the tuple memory, which are read when metrics are. */
  watchMemory(read: () => WatchedMemory): void {
    registerMemory(this.#registry, read)
  }

  /** Registers gauges of a shared invalidation log. @param size - Reads how many events it keeps. */
  watchInvalidations(size: () => Promise<number>): void {
    const read = () => size().catch(() => Number.NaN)
    registerGauge(
      this.#registry,
      'mandate_invalidation_log_events',
      'Events that the invalidation log keeps.',
      read,
      'max',
    )
  }

  /** Collects memory, CPU, event loop and garbage collection of the process. Call once a process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
  }

  /** Registers gauges of how far checkpoints and the index are behind the log. Of several workers, which have a log each, the furthest behind counts. */
  watchLag(read: () => Promise<LogLag>): void {
    for (const { name, help, numberOf } of LAG_GAUGES)
      registerGauge(
        this.#registry,
        name,
        help,
        () =>
          read()
            .then(numberOf)
            .catch(() => Number.NaN),
        'max',
      )
  }

  request(method: string, route: string, status: number, ms: number): void {
    this.#requests.observe({ method, route, status }, ms / 1_000)
  }

  authenticated(ms: number): void {
    this.#authentications.observe(ms / 1_000)
  }

  decided(ms: number): void {
    this.#deciding.observe(ms / 1_000)
  }

  /** @param tuples - How many were found. */
  foreignChanges(tuples: number): void {
    this.#foreign.inc(tuples)
  }

  reloaded(outcome: 'applied' | 'refused'): void {
    this.#reloads.inc({ outcome })
  }

  fault(code: ProblemCode): void {
    this.#faults.inc({ code })
  }

  signal(event: string, outcome: SignalOutcome): void {
    this.#signals.inc({ event, outcome })
  }

  delivery(outcome: DeliveryOutcome): void {
    this.#deliveries.inc({ outcome })
  }

  /** Registers gauges of events that are not delivered. */
  watchDeliveries(read: () => Promise<Undelivered>, now: () => EpochMillis): void {
    registerUndelivered(this.#registry, read, now)
  }

  unanswered(reason: UnansweredCause): void {
    this.#unanswered.inc({ reason })
  }

  shadow(outcome: 'equal' | 'different' | 'unknown'): void {
    this.#shadows.inc({ outcome })
    if (outcome === 'different') this.#differences.inc()
  }

  relations(outcome: RelationsOutcome, ms: number): void {
    this.#relations.observe({ outcome }, ms / 1_000)
  }

  /** What a read barrier reports. */
  barrier() {
    return {
      passed: (outcome: 'passed' | 'failed', ms: number): void => this.#barriers.observe({ outcome }, ms / 1_000),
      applied: (event: InvalidationEvent): void =>
        this.#events.inc({ kind: event.kind === 'note' ? event.topic : event.kind }),
      reset: (): void => this.#resets.inc(),
    }
  }

  /** Wraps a recorder so that entries are counted once they are durable. */
  counted(record: Recorder): Recorder {
    return async (drafts) => {
      const begin = performance.now()
      const ids = await record(drafts)
      this.#appends.observe((performance.now() - begin) / 1_000)
      this.#count(drafts)
      return ids
    }
  }

  /** Counts drafts of the same labels at once: the entries of a batch mostly have the same. */
  #count(drafts: readonly EntryDraft[]): void {
    const counts = new Map<string, { readonly draft: EntryDraft; count: number }>()
    for (const draft of drafts) {
      const labels = `${draft.kind} ${draft.decision} ${draft.reasons?.[0]?.code}`
      const same = counts.get(labels)
      if (same) same.count += 1
      else counts.set(labels, { draft, count: 1 })
    }
    for (const { draft, count } of counts.values()) {
      const { kind, decision, reasons } = draft
      this.#entries.inc({ kind }, count)
      if (kind === 'evaluation')
        this.#decisions.inc({ decision: decision ? 'permit' : 'deny', reason: reasons?.[0]?.code ?? 'none' }, count)
    }
  }
}
