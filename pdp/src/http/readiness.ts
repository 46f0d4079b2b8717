/**
 * Parts of the PDP that `/readyz` reports.
 *
 * @module
 */

/** Every part except the index is required to decide and to record. `stopping`: after SIGTERM, while requests are still answered. */
export const PARTS = ['log', 'clock', 'openfga', 'openfga_limits', 'store', 'policies', 'index', 'stopping'] as const
export type Part = (typeof PARTS)[number]

export const isReadyWithout = (missing: readonly Part[]): boolean => missing.every((part) => part === 'index')
