/**
 * Metrics of received security events, and of events about grants that are sent.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import { Counter, type Registry } from 'prom-client'
import type { Undelivered } from '../ports/signal-outbox.ts'
import { registerGauge } from './gauges.ts'

/**
 * `repeated`: the event was carried out before. `ignored`: not one that the receiver carries out. `unauthenticated`: apart from `refused`, since anybody can
 * send such requests.
 */
export type SignalOutcome = 'applied' | 'repeated' | 'ignored' | 'refused' | 'unauthenticated'

/** Creates the counter. Its labels hold names of events, never a value of one. */
export function createSignalCounter(registry: Registry): Counter<'event' | 'outcome'> {
  const counter = new Counter({
    name: 'mandate_signals_total',
    help: 'Security events that were received (PDP_SIGNALS), by event and outcome: applied, repeated, ignored, refused or unauthenticated. A delivery that is not accepted counts as event other.',
    labelNames: ['event', 'outcome'],
    registers: [registry],
  })
  // Present from the start: Prometheus sees no increase in a series that begins with 1.
  counter.inc({ event: 'other', outcome: 'refused' }, 0)
  counter.inc({ event: 'stream-updated', outcome: 'applied' }, 0)
  return counter
}

const DELIVERY_OUTCOMES = ['delivered', 'failed', 'refused', 'expired'] as const
/** `failed`: it is tried again. `refused`: the receiver says that the event itself is malformed. `expired`: dropped after `PDP_SIGNAL_HOURS`. */
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number]

/** Creates the counter of attempts to deliver. */
export function createDeliveryCounter(registry: Registry): Counter<'outcome'> {
  const counter = new Counter({
    name: 'mandate_signal_deliveries_total',
    help: 'Attempts to deliver events about grants to their receivers (PDP_SIGNAL_RECEIVERS), by outcome: delivered, failed, refused, or expired where the event was dropped.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  for (const outcome of DELIVERY_OUTCOMES) counter.inc({ outcome }, 0)
  return counter
}

/** Registers gauges of what is not delivered yet. All PDPs of a database report the same. */
export function registerUndelivered(
  registry: Registry,
  read: () => Promise<Undelivered>,
  now: () => EpochMillis,
): void {
  const gauge = (name: string, help: string, of: (undelivered: Undelivered) => number): void =>
    registerGauge(
      registry,
      name,
      help,
      () =>
        read()
          .then(of)
          .catch(() => Number.NaN),
      'max',
    )
  gauge(
    'mandate_signals_undelivered',
    'Events about grants that their receivers have not taken yet.',
    ({ count }) => count,
  )
  gauge(
    'mandate_signals_undelivered_seconds',
    'Age of the oldest event about a grant that its receiver has not taken yet; 0 for none.',
    ({ oldest }) => (oldest === undefined ? 0 : Math.max(0, now() - oldest) / 1_000),
  )
}
