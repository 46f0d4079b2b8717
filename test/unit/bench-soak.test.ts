import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { plotSoak, verdictOf } from '../bench/soak/plots.ts'
import { appendLine, readSoak, type Sample, type SoakHeader } from '../bench/soak/samples.ts'
import { type Outcome, SteadyLoad } from '../bench/soak/steady-load.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mandate-soak-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const machine = { at: '2026-01-02', cores: 2, cpu: '', memoryGb: 8, node: '24', loadBefore: 0, loadAfter: 0, syncMs: 1 }
const header: SoakHeader = { kind: 'soak', machine, minutes: 3, rate: 100, peak: 200 }
const decisions = { seconds: 60, right: 6_000, wrong: 0, failed: 0, unsent: 0, p50: 3, p99: 12 }

const sampleAt = (minute: number, descriptors: number): Sample => ({
  kind: 'sample',
  minute,
  load1: 1.5,
  decisions: minute === 2 ? { ...decisions, right: 0, failed: 6_000, p50: Number.NaN, p99: Number.NaN } : decisions,
  changes: { done: 10, failed: 0, wrong: 0, p99: 40 },
  // The second PDP's figures could not be read.
  pdps: { one: { rssMb: 200, heapMb: 80, descriptors, handles: 50, logMb: 2 * minute, indexMb: minute }, two: {} },
  postgresMb: { mandate: 8, pdp_store: 9, 'write-ahead log': 16 },
})

function written(): string {
  const file = join(folder, 'soak.jsonl')
  appendLine(file, header)
  for (const [at, descriptors] of [90, 90, 90, 91, 95, 99].entries()) appendLine(file, sampleAt(at, descriptors))
  return file
}

test('the samples of an interrupted run are read, without the line that was cut off', () => {
  const file = written()
  writeFileSync(file, '{"kind":"sample","minute":6,"lo', { flag: 'a' })
  expect(readSoak(file).samples.map(({ minute }) => minute)).toEqual([0, 1, 2, 3, 4, 5])
})

test('a file of something else is refused', () => {
  const file = join(folder, 'other.json')
  writeFileSync(file, '{"machine":{}}\n')
  expect(() => readSoak(file)).toThrow(TypeError)
})

test('memory, handles, disk and latency are plotted; figures that could not be read are left out', () => {
  const paths = plotSoak(readSoak(written()), folder)
  expect(paths.map((path) => basename(path))).toEqual([
    'soak-memory.svg',
    'soak-handles.svg',
    'soak-disk.svg',
    'soak-latency.svg',
  ])
  for (const path of paths) {
    const svg = readFileSync(path, 'utf8')
    expect(svg).not.toMatch(/NaN|Infinity|undefined|null/u)
    expect(svg).toContain('100 decisions/s, half of 200, 2 PDPs')
  }
  const handles = readFileSync(paths[1] ?? '', 'utf8')
  expect(handles).toContain('PDP one: file descriptors')
  expect(handles).not.toContain('PDP two')
})

test('the verdict counts failures, and has the medians of the middle and of the end', () => {
  const lines = verdictOf(readSoak(written()))
  expect(lines).toContain('30000 decisions: 0 wrong, 6000 failed, 0 not sent (too many in flight)')
  expect(lines).toContain('| file descriptors | 91.0  | 99.0  |')
})

test('a server that stalls does not fill the client: what is due beyond the bound is counted as unsent', async () => {
  const waiting: ((outcome: Outcome) => void)[] = []
  const ask = (): Promise<Outcome> => new Promise((resolve) => void waiting.push(resolve))
  const load = new SteadyLoad({ perSecond: 20_000, ask, mostInFlight: 3 })
  await expect.poll(() => load.takeWindow().unsent).toBeGreaterThan(0)
  expect(waiting).toHaveLength(3)
  const stopped = load.stop()
  for (const [at, outcome] of (['right', 'wrong', 'failed'] as const).entries()) waiting[at]?.(outcome)
  await stopped
  const { right, wrong, failed, p99 } = load.takeWindow()
  expect([right, wrong, failed]).toEqual([1, 1, 1])
  expect(p99).toBeGreaterThan(0)
})
