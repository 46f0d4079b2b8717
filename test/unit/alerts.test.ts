/**
 * Alert rules for Prometheus, held against the metrics of the code and the runbook, and played by promtool.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { ROOT, read } from '../support/compose-file.ts'
import { exportedMetrics, seriesIn, seriesOf } from '../support/metric-names.ts'

const FOLDER = 'deploy/prometheus'
const ruleSchema = z.strictObject({
  alert: z.string().regex(/^[A-Z]\w+$/u),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string(), runbook: z.literal('docs/runbook.md#alerts') }),
})
const rulesSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(ruleSchema) })).min(1),
})
const testsSchema = z.looseObject({
  tests: z.array(
    z.looseObject({
      alert_rule_test: z.array(z.looseObject({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
})
const { groups } = rulesSchema.parse(parse(read(`${FOLDER}/alerts.yml`)))
const rules = groups.flatMap((group) => group.rules)
const { tests } = testsSchema.parse(parse(read(`${FOLDER}/alerts.test.yml`)))
const names = rules.map(({ alert }) => alert)

const promtool = (cwd: string, ...args: string[]): string =>
  execFileSync('promtool', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

test('promtool accepts the rules, and every rule fires and does not fire as its test says', () => {
  const folder = join(ROOT, FOLDER)
  expect(promtool(folder, 'check', 'rules', 'alerts.yml')).toContain(`${rules.length} rules found`)
  expect(promtool(folder, 'test', 'rules', 'alerts.test.yml')).toContain('SUCCESS')
})

test('a rule that never fires fails its test', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-alerts-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(ROOT, FOLDER), folder, { recursive: true })
  const silenced = rules.map((rule) => ({ ...rule, expr: `(${rule.expr}) and vector(0) > 1` }))
  writeFileSync(join(folder, 'alerts.yml'), stringify({ groups: [{ name: 'mandate-pdp', rules: silenced }] }))
  let failures = ''
  try {
    promtool(folder, 'test', 'rules', 'alerts.test.yml')
  } catch (error) {
    failures = String((error as { readonly stdout: unknown }).stdout) + String((error as Error).message)
  }
  for (const name of names) expect(failures).toContain(`alertname: ${name},`)
})

test.for(names)('%s is expected to fire in its test, and before not to', (name) => {
  const expected = tests
    .flatMap((one) => one.alert_rule_test)
    .filter(({ alertname }) => alertname === name)
    .map(({ exp_alerts: alerts }) => alerts.length)
  expect(expected).toEqual([0, 1])
})

test('every alert has its row in the runbook, and every row its alert', () => {
  const [, section = ''] = /^### Alerts$(.*?)^## /msu.exec(read('docs/runbook.md')) ?? []
  const rows = [...section.matchAll(/^\| `(\w+)` \|/gmu)].map(([, name]) => name)
  expect(rows).toEqual(names)
})

test('the Helm chart, which cannot read files outside of it, has the same rules', () => {
  expect(read('deploy/helm/mandate/files/alerts.yml')).toBe(read(`${FOLDER}/alerts.yml`))
})

test('rules name only metrics that the PDP exports', async () => {
  const exported = new Set((await exportedMetrics()).flatMap(seriesOf))
  const named = rules.flatMap(({ expr }) => seriesIn(expr))
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((name) => !exported.has(name))).toEqual([])
})
