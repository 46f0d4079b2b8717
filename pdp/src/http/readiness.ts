/**
 * What readiness looks at.
 *
 * @module
 */

/** All but the index are needed to decide and to record. */
export const PARTS = ['log', 'clock', 'openfga', 'openfga_limits', 'index'] as const
export type Part = (typeof PARTS)[number]

export const isReadyWithout = (missing: readonly Part[]): boolean => missing.every((part) => part === 'index')
