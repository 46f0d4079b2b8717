/**
 * Gauges and counters that are read whenever metrics are, from the parts of the PDP that hold their values.
 *
 * @module
 */
import { type Aggregator, Counter, Gauge, type Registry } from 'prom-client'

/** The state of the PDP that metrics watch. */
export interface Watched {
  readonly healthy: () => boolean
  readonly trusted: () => boolean
  /** Difference of the database's clock from this machine's, in seconds; `undefined` where the database belongs to one PDP. */
  readonly clockOffset: (() => number) | undefined
  readonly reachable: () => Promise<boolean>
  /** All parts that readiness names. */
  readonly parts: readonly string[]
  /** The parts that do not work now. */
  readonly missing: () => Promise<readonly string[]>
}

/** The tuple memory, as metrics read it. */
export interface WatchedMemory {
  readonly bytes: number
  readonly entries: number
  readonly pending: number
  /** Counters since the start, by name. */
  readonly counts: Readonly<Record<string, number>>
}

/** @param aggregator - How the values of several workers become one. */
export function registerGauge(
  registry: Registry,
  name: string,
  help: string,
  look: () => number | Promise<number>,
  aggregator: Aggregator = 'sum',
): void {
  new Gauge({
    name,
    help,
    aggregator,
    registers: [registry],
    async collect() {
      this.set(await look())
    },
  })
}

/** Registers gauges of the PDP's state. Of several workers the worst state counts. */
export function registerHealth(registry: Registry, watched: Watched): void {
  const { healthy, trusted, clockOffset, reachable } = watched
  if (clockOffset)
    registerGauge(
      registry,
      'mandate_clock_offset_seconds',
      'How far the clock of PostgreSQL is ahead of this machine’s.',
      clockOffset,
      'average',
    )
  const state = (name: string, help: string, look: () => boolean | Promise<boolean>): void =>
    registerGauge(registry, name, help, async () => Number(await look()), 'min')
  state('mandate_clock_trusted', "1 while the machine's clock can be believed, else 0.", trusted)
  state('mandate_log_healthy', '1 while entries can be made durable, else 0.', healthy)
  state(
    'mandate_openfga_reachable',
    '1 while OpenFGA says that it serves or, with ENGINE=embedded, the tuples in pdp.db can be read, else 0.',
    reachable,
  )
  registerParts(registry, watched)
}

function registerParts(registry: Registry, { parts, missing }: Pick<Watched, 'parts' | 'missing'>): void {
  new Gauge({
    name: 'mandate_part_available',
    help: '1 while a part that /readyz reports works, else 0. The PDP is not ready while one is 0, except index.',
    labelNames: ['part'],
    aggregator: 'min',
    registers: [registry],
    async collect() {
      const absent = await missing()
      for (const part of parts) this.set({ part }, Number(!absent.includes(part)))
    },
  })
}

/** Registers gauges and counters of the tuple memory. */
export function registerMemory(registry: Registry, read: () => WatchedMemory): void {
  registerGauge(registry, 'mandate_memory_bytes', 'Estimated bytes of the tuples in memory.', () => read().bytes)
  registerGauge(registry, 'mandate_memory_entries', 'Answers to reads of OpenFGA in memory.', () => read().entries)
  // Workers share the invalidation log, so each counts the same changes.
  registerGauge(
    registry,
    'mandate_pending_changes',
    'Changes whose tuples memory may not hold now: announced, and not known to be carried out or withdrawn.',
    () => read().pending,
    'max',
  )
  new Counter({
    name: 'mandate_memory_total',
    help: 'What the tuple memory did: hits (entries used), fills (reads of OpenFGA kept), lostFills (not kept, since a change touched them), evictions, waits (for pending changes), again (decisions made again, since a fact changed meanwhile), direct (decisions left to OpenFGA), forwarded (questions left to it).',
    labelNames: ['what'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [what, count] of Object.entries(read().counts)) this.inc({ what }, count)
    },
  })
}
