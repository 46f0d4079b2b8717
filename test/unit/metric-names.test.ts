/**
 * The runbook's table of metrics against what the PDP exports, and what moves each of them.
 */
import { expect, test } from 'vitest'
import { Metrics } from '../../pdp/src/runtime/metrics.ts'
import { read } from '../support/compose-file.ts'
import { exportedMetrics } from '../support/metric-names.ts'

const [, section = ''] = /^### Metrics$(.*?)^### Alerts/msu.exec(read('docs/runbook.md')) ?? []
const rows = [...section.matchAll(/^\| (?<metrics>`[^|]+) \|/gmu)].map(({ groups }) => ({
  names: [...(groups?.['metrics'] ?? '').matchAll(/`(mandate_\w+)`/gu)].map(([, name]) => name ?? ''),
  isHistogram: groups?.['metrics']?.endsWith('(histogram)'),
}))

test('the runbook lists the metrics of the PDP, all of them, histograms as such', async () => {
  const exported = (await exportedMetrics()).filter(({ name }) => name.startsWith('mandate_'))
  const documented = rows.flatMap(({ names, isHistogram }) => names.map((name) => ({ name, isHistogram })))
  expect(documented.map(({ name }) => name).toSorted()).toEqual(exported.map(({ name }) => name).toSorted())
  for (const { name, isHistogram } of documented)
    expect([name, isHistogram]).toEqual([name, exported.find((one) => one.name === name)?.type === 'histogram'])
})

/** `increase` misses the first count of a sample that did not exist before. */
test.for([
  'mandate_faults_total{code="internal"}',
  'mandate_faults_total{code="identity_unavailable"}',
  'mandate_faults_total{code="too_many_requests"}',
  'mandate_openfga_unanswered_total{reason="cost"}',
  'mandate_shadow_differences_total',
  'mandate_foreign_changes_total',
  'mandate_memory_resets_total',
  'mandate_reloads_total{outcome="refused"}',
  'mandate_signals_total{event="other",outcome="refused"}',
  'mandate_signals_total{event="stream-updated",outcome="applied"}',
  'mandate_signal_deliveries_total{outcome="refused"}',
  'mandate_barrier_seconds_count{outcome="failed"}',
  'mandate_openfga_request_seconds_count{outcome="failed"}',
])('an alert sees the first count of %s: it is 0 from the start', async (sample) => {
  const { text } = await new Metrics().read()
  expect(text.split('\n')).toContain(`${sample} 0`)
})

const entry = { kind: 'evaluation', caller: 'trips', decision: true } as const
/** What moves each counter and histogram that the PDP's rooms report to. */
const CAUSES: Readonly<Record<string, (metrics: Metrics) => unknown>> = {
  'mandate_http_request_seconds_count{method="GET",route="/livez",status="200"}': (metrics) =>
    metrics.request('GET', '/livez', 200, 1),
  mandate_authentication_seconds_count: (metrics) => metrics.authenticated(1),
  mandate_decide_seconds_count: (metrics) => metrics.decided(1),
  'mandate_decisions_total{decision="permit",reason="none"}': (metrics) => metrics.counted(async () => [])([entry]),
  'mandate_log_entries_total{kind="evaluation"}': (metrics) => metrics.counted(async () => [])([entry]),
  mandate_log_append_seconds_count: (metrics) => metrics.counted(async () => [])([entry]),
  'mandate_openfga_request_seconds_count{outcome="refused"}': (metrics) => metrics.relations('refused', 1),
  'mandate_openfga_unanswered_total{reason="depth"}': (metrics) => metrics.unanswered('depth'),
  'mandate_barrier_seconds_count{outcome="failed"}': (metrics) => metrics.barrier().passed('failed', 1),
  'mandate_invalidations_total{kind="open"}': (metrics) =>
    metrics.barrier().applied({ kind: 'open', seq: 1, token: 't' } as never),
  mandate_memory_resets_total: (metrics) => metrics.barrier().reset(),
  'mandate_shadow_comparisons_total{outcome="different"}': (metrics) => metrics.shadow('different'),
  mandate_shadow_differences_total: (metrics) => metrics.shadow('different'),
  'mandate_signals_total{event="other",outcome="ignored"}': (metrics) => metrics.signal('other', 'ignored'),
  'mandate_signal_deliveries_total{outcome="expired"}': (metrics) => metrics.delivery('expired'),
  mandate_foreign_changes_total: (metrics) => metrics.foreignChanges(1),
  'mandate_reloads_total{outcome="refused"}': (metrics) => metrics.reloaded('refused'),
  'mandate_faults_total{code="internal"}': (metrics) => metrics.fault('internal'),
}
const numberOf = async (metrics: Metrics, sample: string): Promise<number> => {
  const { text } = await metrics.read()
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${sample} `))
      ?.split(' ')
      .at(-1) ?? 0,
  )
}

test.for(Object.entries(CAUSES))('%s moves when its cause happens', async ([sample, cause]) => {
  const metrics = new Metrics()
  const before = await numberOf(metrics, sample)
  await cause(metrics)
  expect(await numberOf(metrics, sample)).toBe(before + 1)
})

test('every counter and histogram of the process has its cause above', async () => {
  const own = (await new Metrics().collect()) as unknown as readonly { readonly name: string }[]
  const moved = Object.keys(CAUSES).map((sample) => sample.replace(/(_count)?(\{.*)?$/u, ''))
  expect([...new Set(moved)].toSorted()).toEqual(own.map(({ name }) => name).toSorted())
})
