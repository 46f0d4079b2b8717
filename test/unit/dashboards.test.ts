/**
 * Grafana dashboards, held against the metrics of the code.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { ROOT, read } from '../support/compose-file.ts'
import { exportedMetrics, seriesIn, seriesOf } from '../support/metric-names.ts'

const FOLDER = 'deploy/grafana'
const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal(`\${datasource}`) })
const place = z.strictObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int() })
const rowSchema = z.object({ type: z.literal('row'), id: z.int(), title: z.string().min(1), gridPos: place })
const panelSchema = z.object({
  type: z.enum(['timeseries', 'stat']),
  id: z.int(),
  title: z.string().min(1),
  datasource,
  gridPos: place,
  targets: z
    .array(z.strictObject({ refId: z.string(), datasource, expr: z.string(), legendFormat: z.string() }))
    .min(1),
})
const dashboardSchema = z.looseObject({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.int(),
  templating: z.looseObject({ list: z.array(z.looseObject({ name: z.string() })) }),
  panels: z.array(z.union([rowSchema, panelSchema])).min(1),
})
const dashboards = readdirSync(join(ROOT, FOLDER)).map((file) => ({
  file,
  ...dashboardSchema.parse(JSON.parse(read(`${FOLDER}/${file}`))),
}))
const expressions = dashboards.flatMap(({ panels }) =>
  panels.flatMap((panel) => ('targets' in panel ? panel.targets.map(({ expr }) => expr) : [])),
)

test('panels name only metrics that the PDP exports', async () => {
  const exported = new Set((await exportedMetrics()).flatMap(seriesOf))
  const named = expressions.flatMap(seriesIn)
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((name) => !exported.has(name))).toEqual([])
})

test('promtool reads every expression', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-dashboards-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const rules = expressions.map((expr, index) => ({
    record: `panel:${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
  }))
  writeFileSync(join(folder, 'rules.yml'), stringify({ groups: [{ name: 'panels', rules }] }))
  const said = execFileSync('promtool', ['check', 'rules', join(folder, 'rules.yml')], { encoding: 'utf8' })
  expect(said).toContain(`${expressions.length} rules found`)
})

test.for(dashboards)('$file: panels lie side by side, with ids of their own, and variables exist', (dashboard) => {
  const { panels, templating } = dashboard
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
  const known = new Set([...templating.list.map(({ name }) => name), '__rate_interval'])
  const used = JSON.stringify(panels).match(/\$\{?(\w+)/gu) ?? []
  expect(used.map((one) => one.replaceAll(/[${]/gu, '')).filter((name) => !known.has(name))).toEqual([])
})
