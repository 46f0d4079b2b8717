/**
 * The instant that the PDP decides by.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'

/** A clock that never runs backwards. */
export type Clock = () => EpochMillis
