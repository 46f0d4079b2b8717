/**
 * Metric of received security events.
 *
 * @module
 */
import { Counter, type Registry } from 'prom-client'

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
