/**
 * What was measured, for people: a table a set-up, and every budget with how it was met or missed. A missed budget fails nothing.
 *
 * @module
 */
import { CHECK } from './cases.ts'
import type { Row } from './measure.ts'

/** What one set-up (store, size) was, besides its rows. */
export interface Setup {
  readonly store: string
  readonly tuples: number
  readonly rows: readonly Row[]
  /** Requests to OpenFGA one after another, by case. */
  readonly roundTrips: ReadonlyMap<string, number>
  /** Memory of the PDP before it was asked anything. */
  readonly idleMb: number | undefined
}

/** The case that throughput is budgeted for. */
const DEEPEST = 'chain of 5'
const SINGLES = ['owner', 'chain of 1', 'chain of 3', DEEPEST, 'agent, gates', 'denial']

export function tables({ store, tuples, rows }: Setup): readonly string[] {
  return [1, 32].flatMap((connections) => {
    const these = rows.filter((row) => row.connections === connections)
    const check = these.find((row) => row.case === CHECK)?.p50_ms ?? Number.NaN
    const head = `${store}, ${tuples.toLocaleString('en')} tuples, ${connections} connection${connections === 1 ? '' : 's'}`
    return [
      '',
      head,
      line('case', 'rps', 'p50 ms', 'p95 ms', 'p99 ms', 'same calls', '×', '× Check'),
      ...these.flatMap((row) => {
        if (row.system === 'mandate') return [described(row, find(these, row.case, 'openfga'), check)]
        return find(these, row.case, 'mandate') ? [] : [described(row, undefined, check)]
      }),
    ]
  })
}

function described(row: Row, same: Row | undefined, check: number): string {
  const ratio = same ? (row.p50_ms / same.p50_ms).toFixed(2) : ''
  const name = row.system === 'openfga' ? `OpenFGA: ${row.case}` : row.case
  const times = [row.p50_ms, row.p95_ms, row.p99_ms].map((ms) => ms.toFixed(2))
  return line(
    name,
    row.rps.toFixed(0),
    ...times,
    same ? same.p50_ms.toFixed(2) : '',
    ratio,
    (row.p50_ms / check).toFixed(1),
  )
}

const line = (name: string, ...figures: readonly string[]): string =>
  `  ${name.padEnd(28)}${figures.map((figure) => figure.padStart(11)).join('')}`

const find = (rows: readonly Row[], name: string, system: string, connections?: number): Row | undefined =>
  rows.find((row) => row.case === name && row.system === system && (!connections || row.connections === connections))

/** Every budget of every set-up. `syncMs`: what one `fdatasync` costs here. */
export function budgets(setups: readonly Setup[], syncMs: number): readonly string[] {
  const lines = ['', `Budgets (one fdatasync costs ${syncMs.toFixed(2)} ms here)`]
  for (const setup of setups) {
    lines.push(`  ${setup.store}, ${setup.tuples.toLocaleString('en')} tuples`)
    for (const budget of figures(setup, syncMs, setups)) lines.push(judged(budget))
  }
  return [
    ...lines,
    '  not measured here: the in-memory engine (there is none yet), 1,000,000 tuples, the log by itself, the desktop',
  ]
}

interface Budget {
  readonly what: string
  readonly value: number
  readonly most?: number
  readonly least?: number
  readonly unit: string
}

function judged({
  what,
  value,
  most = Number.POSITIVE_INFINITY,
  least = Number.NEGATIVE_INFINITY,
  unit,
}: Budget): string {
  const verdict = value <= most && value >= least ? 'met' : 'MISSED'
  const bound = Number.isFinite(most) ? `at most ${most}` : `at least ${least}`
  return `    ${verdict.padEnd(8)}${what.padEnd(62)}${value.toFixed(2).padStart(8)}, ${bound} ${unit}`
}

function figures(
  { store, rows, roundTrips, idleMb }: Setup,
  syncMs: number,
  setups: readonly Setup[],
): readonly Budget[] {
  const p50 = (name: string, system = 'mandate'): number => find(rows, name, system, 1)?.p50_ms ?? Number.NaN
  const over = SINGLES.map((name) => ({ name, ms: p50(name) - p50(name, 'openfga') - syncMs })).sort(
    (a, b) => b.ms - a.ms,
  )
  const worst = over[0] ?? { name: '', ms: Number.NaN }
  const rps = (system: string): number => find(rows, DEEPEST, system, 32)?.rps ?? Number.NaN
  const busy = rows.find(
    (row) => row.case.startsWith('agent with') && row.connections === 1 && row.system === 'mandate',
  )
  const trips = Math.max(...SINGLES.map((name) => (roundTrips.get(name) ?? 0) - (name === 'denial' ? 1 : 0)))
  const smallest = setups.find((setup) => setup.store === store)
  const growth = SINGLES.map(
    (name) => p50(name) / (find(smallest?.rows ?? [], name, 'mandate', 1)?.p50_ms ?? Number.NaN),
  )
  return [
    { what: `decision over the same calls and one sync, worst: ${worst.name}`, value: worst.ms, most: 1, unit: 'ms' },
    { what: 'round trips, warm (a denial: one more)', value: trips, most: 1, unit: '' },
    {
      what: 'batch of 50 beside 50 singles',
      value: (p50('batch of 50') / p50('agent, gates') / 50) * 100,
      most: 60,
      unit: '%',
    },
    {
      what: `${DEEPEST}, 32 connections, rps beside the same calls`,
      value: (rps('mandate') / rps('openfga')) * 100,
      least: 80,
      unit: '%',
    },
    {
      what: `${busy?.case} beside one with few`,
      value: (busy?.p50_ms ?? Number.NaN) / p50('agent, gates'),
      most: 1.5,
      unit: '×',
    },
    { what: 'chain of 5 beside the owner', value: p50(DEEPEST) / p50('owner'), most: 4, unit: '×' },
    ...(smallest?.rows === rows
      ? []
      : [{ what: 'beside the smallest set-up, worst', value: Math.max(...growth), most: 1.5, unit: '×' }]),
    ...(idleMb === undefined ? [] : [{ what: 'memory of the idle PDP', value: idleMb, most: 150, unit: 'MB' }]),
  ]
}
