/**
 * Gauges of how far checkpoints and the index are behind the log.
 *
 * @module
 */
import type { LogLag } from '@mandate/protocol'

interface LagGauge {
  readonly name: string
  readonly help: string
  readonly numberOf: (lag: LogLag) => number
}

export const LAG_GAUGES: readonly LagGauge[] = [
  {
    name: 'mandate_log_unpublished_entries',
    help: 'Entries that no published checkpoint covers yet.',
    numberOf: ({ unpublished }) => unpublished.entries,
  },
  {
    name: 'mandate_log_unpublished_seconds',
    help: 'Age of the oldest entry that no published checkpoint covers yet; 0 when there is none.',
    numberOf: ({ unpublished }) => unpublished.seconds,
  },
  {
    name: 'mandate_index_behind_entries',
    help: 'Entries that are not in the index yet; NaN while the index is not open.',
    numberOf: ({ unindexed }) => unindexed?.entries ?? Number.NaN,
  },
  {
    name: 'mandate_index_behind_seconds',
    help: 'Age of the oldest entry that is not in the index yet; 0 when there is none, NaN while the index is not open.',
    numberOf: ({ unindexed }) => unindexed?.seconds ?? Number.NaN,
  },
]
