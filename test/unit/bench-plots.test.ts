import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Findings, Series } from '../bench/peers/findings.ts'
import { isMet } from '../bench/peers/findings.ts'
import { plotFindings } from '../bench/peers/plot.ts'
import { answersOf } from '../bench/peers/report.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mandate-plots-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const machine = { at: '', cores: 2, cpu: 'c<p>u', memoryGb: 8, node: '24', loadBefore: 0, loadAfter: 0, syncMs: 1 }
const points = [
  { x: 1, y: 0.5 },
  { x: 1_000, y: 40 },
]
const found = (series: readonly Series[]): Findings => ({
  isQuick: false,
  machine,
  systems: [],
  targets: [],
  missing: [],
  series,
  profile: [],
})

test.for(['load', 'chain', 'crowd', 'pdps', 'revocation'] as const)(
  'the plot %s has a title, both axes with ticks inside the page, a legend, and colours for light and dark',
  (plot) => {
    const [path = ''] = plotFindings(found([{ plot, name: 'Mandate & others', points }]), folder)
    expect(basename(path)).toBe(`${plot}.svg`)
    const svg = readFileSync(path, 'utf8')
    expect(svg).toMatch(/<title>[^<]+<\/title>/u)
    expect(svg.match(/class="label"/gu)).toHaveLength(2)
    expect(svg).toMatch(/\((?:ms)\)<\/text>/u)
    expect(svg).toContain('Mandate &amp; others</text>')
    expect(svg).toContain('prefers-color-scheme:dark')
    expect(svg).not.toMatch(/NaN|Infinity|undefined|c<p>u/u)
    const xs = [...svg.matchAll(/class="tick" x="(?<x>[\d.]+)"/gu)].map(({ groups }) => Number(groups?.['x']))
    expect(xs.length).toBeGreaterThan(4)
    for (const x of xs) expect(x).toBeLessThan(720)
  },
)

test('a plot without points is not written', () => {
  expect(plotFindings(found([{ plot: 'load', name: 'nothing', points: [] }]), folder)).toEqual([])
})

test('a number of PDPs begins at one, not at none', () => {
  const some = [1, 2, 3].map((x) => ({ x, y: x }))
  const [path = ''] = plotFindings(found([{ plot: 'pdps', name: 'PDPs', points: some }]), folder)
  const ticks = [...readFileSync(path, 'utf8').matchAll(/text-anchor="middle">(?<tick>\d+)</gu)]
  expect(ticks.map(({ groups }) => groups?.['tick'])).toEqual(['1', '2', '3'])
})

test('one point, and equal values, still make a plot', () => {
  const series = [{ plot: 'chain', name: 'flat', points: [{ x: 0, y: 0 }] } as const]
  const [path = ''] = plotFindings(found(series), folder)
  expect(readFileSync(path, 'utf8')).not.toMatch(/NaN|Infinity/u)
})

test('a target is met at its very bound, and never by something that is no number', () => {
  const row = { what: '', unit: '' }
  expect([isMet({ ...row, value: 3, least: 3 }), isMet({ ...row, value: 5, most: 5 })]).toEqual([true, true])
  expect([isMet({ ...row, value: 2.9, least: 3 }), isMet({ ...row, value: 5.1, most: 5 })]).toEqual([false, false])
  expect(isMet({ ...row, value: Number.NaN, most: 5 })).toBe(false)
})

test.for([
  ['Mandate', 'batch of 50'],
  ['OpenFGA', 'Check of a chain of 5'],
  ['OpenFGA', 'Check of one tuple'],
  ['OpenFGA', 'BatchCheck of a chain of 3, every reason'],
  ['SpiceDB', 'chain of 3, fully consistent'],
  ['SpiceDB', 'chain of 3, by default (may be seconds stale)'],
  ['Cerbos', 'chain of 3'],
  ['OPA', 'chain of 3'],
])('%s, %s: the row says what is answered', ([system = '', question = '']) => {
  expect(answersOf({ system, question })).not.toBe('')
})
