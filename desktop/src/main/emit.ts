/**
 * Events from the core to the window.
 *
 * @module
 */
import type { EventName, EventOf } from '../shared/channel.ts'

/** Sends an event to the window. Fire and forget: no answer, and nothing is kept while there is no window. */
export type Emit = <N extends EventName>(name: N, event: EventOf<N>) => void
