/**
 * The metrics that the PDP exports, read from its own registry.
 *
 * @module
 */
import { Metrics } from '../../pdp/src/runtime/metrics.ts'

/** A metric in its exported form. */
export interface ExportedMetric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
}

/** Metrics with everything that a PDP on PostgreSQL with workers registers. Not started: nothing of it is read. */
export function allMetrics(): Metrics {
  const metrics = new Metrics()
  metrics.watch({
    healthy: () => true,
    trusted: () => true,
    clockOffset: () => 0,
    reachable: async () => true,
    parts: ['log'],
    missing: async () => [],
  })
  metrics.watchMemory(() => ({ bytes: 0, entries: 0, pending: 0, counts: { hits: 0 } }))
  metrics.watchInvalidations(async () => 0)
  const nothing = { entries: 0, seconds: 0 }
  metrics.watchLag(async () => ({ origin: 'test.invalid', entries: 0, unpublished: nothing, unindexed: nothing }))
  metrics.watchDeliveries(
    async () => ({ count: 0, oldest: undefined }),
    () => 0,
  )
  metrics.watchProcess()
  metrics.addUp(async () => [await metrics.collect()])
  return metrics
}

/** Every metric that a PDP can export. */
export async function exportedMetrics(): Promise<readonly ExportedMetric[]> {
  return (await allMetrics().collect()) as unknown as readonly ExportedMetric[]
}

/** Names of the series that a metric has in Prometheus. */
export const seriesOf = ({ name, type }: ExportedMetric): readonly string[] =>
  type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]

/** Names of series in a PromQL expression that are the PDP's to export. */
export const seriesIn = (expression: string): readonly string[] => [
  ...new Set(expression.match(/\b(?:mandate|process|nodejs)_\w+/gu)),
]
