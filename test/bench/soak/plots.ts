/**
 * `npm run bench -- soak --plot FILE`: plots of a soak for docs/performance, and what must stay flat.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../peers/timing.ts'
import { drawPlot, type Line, type Plot } from '../svg-plot.ts'
import type { PdpSample, Sample, Soak } from './samples.ts'

const MINUTES = { label: 'minutes', scale: 'linear' } as const

interface SoakPlot extends Plot {
  readonly file: string
  readonly lines: (samples: readonly Sample[]) => readonly Line[]
}

const PLOTS: readonly SoakPlot[] = [
  {
    file: 'soak-memory.svg',
    title: 'Soak: memory of each PDP',
    x: MINUTES,
    y: { label: 'MB', scale: 'linear' },
    lines: (samples) => [...linesOfPdps(samples, 'rssMb', 'RSS'), ...linesOfPdps(samples, 'heapMb', 'heap in use')],
  },
  {
    file: 'soak-handles.svg',
    title: 'Soak: handles of each PDP',
    x: MINUTES,
    y: { label: 'open', scale: 'linear' },
    lines: (samples) => [
      ...linesOfPdps(samples, 'descriptors', 'file descriptors'),
      ...linesOfPdps(samples, 'handles', 'libuv handles'),
    ],
  },
  {
    file: 'soak-disk.svg',
    title: 'Soak: disk',
    x: MINUTES,
    y: { label: 'MB', scale: 'linear' },
    lines: (samples) => [
      line(samples, 'decision logs', ({ pdps }) => sum(Object.values(pdps), 'logMb')),
      line(samples, 'indexes', ({ pdps }) => sum(Object.values(pdps), 'indexMb')),
      line(samples, 'PostgreSQL, databases', ({ postgresMb }) => databasesMb(postgresMb)),
      line(samples, 'PostgreSQL, write-ahead log', ({ postgresMb }) => postgresMb['write-ahead log']),
    ],
  },
  {
    file: 'soak-latency.svg',
    title: 'Soak: latency',
    x: MINUTES,
    y: { label: 'time from when a question was due (ms)', scale: 'log' },
    lines: (samples) => [
      line(samples, 'decision, p50', ({ decisions }) => decisions.p50),
      line(samples, 'decision, p99', ({ decisions }) => decisions.p99),
      line(samples, 'revocation, p99', ({ changes }) => changes.p99),
    ],
  },
]

/** Writes a file for each plot that there are points for. @returns their paths. */
export function plotSoak({ header, samples }: Soak, folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true })
  return PLOTS.flatMap((plot) => {
    const lines = plot.lines(samples).filter(({ points }) => points.length > 0)
    if (lines.length === 0) return []
    const path = join(folder, plot.file)
    writeFileSync(path, drawPlot(plot, lines, captionOf({ header, samples })))
    return [path]
  })
}

export function captionOf({ header, samples }: Soak): string {
  const { machine, rate, peak } = header
  const loads = samples.map(({ load1 }) => load1)
  const of = peak === undefined ? '' : `, half of ${peak.toFixed(0)}`
  return `${machine.at.slice(0, 10)}: ${rate.toFixed(0)} decisions/s${of}, 2 PDPs, ${machine.cores} cores; load average ${median(loads).toFixed(1)}, at most ${Math.max(...loads).toFixed(1)}`
}

function linesOfPdps(samples: readonly Sample[], figure: keyof PdpSample, name: string): readonly Line[] {
  const pdps = [...new Set(samples.flatMap((sample) => Object.keys(sample.pdps)))]
  return pdps.map((pdp) => line(samples, `PDP ${pdp}: ${name}`, (sample) => sample.pdps[pdp]?.[figure]))
}

function line(samples: readonly Sample[], name: string, figureOf: (sample: Sample) => number | undefined): Line {
  const points = samples.flatMap((sample) => {
    const y = figureOf(sample)
    // JSON has no NaN: a figure without a value was written as null.
    return typeof y === 'number' && Number.isFinite(y) ? [{ x: sample.minute, y }] : []
  })
  return { name, points }
}

/** @returns `undefined` when the figure of one PDP could not be read. */
function sum(pdps: readonly PdpSample[], figure: keyof PdpSample): number | undefined {
  const figures = pdps.map((pdp) => pdp[figure] ?? Number.NaN)
  const total = figures.reduce((all, one) => all + one, 0)
  return Number.isNaN(total) ? undefined : total
}

const databasesMb = (postgresMb: Sample['postgresMb']): number =>
  Object.entries(postgresMb).reduce((total, [name, mb]) => (name === 'write-ahead log' ? total : total + mb), 0)

interface Watched {
  readonly name: string
  readonly unit: string
  readonly figureOf: (sample: Sample) => number | undefined
}

const mostOf =
  (figure: keyof PdpSample) =>
  ({ pdps }: Sample): number | undefined => {
    const values = Object.values(pdps).flatMap((pdp) => pdp[figure] ?? [])
    return values.length > 0 ? Math.max(...values) : undefined
  }

/** What must be as large at the end as in the middle. */
const FLAT: readonly Watched[] = [
  { name: 'RSS, the larger PDP', unit: 'MB', figureOf: mostOf('rssMb') },
  { name: 'heap in use', unit: 'MB', figureOf: mostOf('heapMb') },
  { name: 'tuples in memory', unit: 'MB', figureOf: mostOf('tuplesMb') },
  { name: 'file descriptors', unit: '', figureOf: mostOf('descriptors') },
  { name: 'libuv handles', unit: '', figureOf: mostOf('handles') },
  { name: 'invalidation log', unit: 'events', figureOf: mostOf('events') },
  { name: 'pending changes', unit: '', figureOf: mostOf('pending') },
  { name: 'databases', unit: 'MB', figureOf: ({ postgresMb }) => databasesMb(postgresMb) },
]

/** Totals, and medians of the second third, when V8 has warmed up, beside those of the last third. */
export function verdictOf(soak: Soak): readonly string[] {
  const { samples } = soak
  const third = Math.floor(samples.length / 3)
  const [middle, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)]
  const rows = FLAT.map(({ name, unit, figureOf }) => {
    const of = (part: readonly Sample[]): number => median(part.flatMap((sample) => figureOf(sample) ?? []))
    return `| ${name} | ${of(middle).toFixed(1)} ${unit} | ${of(last).toFixed(1)} ${unit} |`
  })
  return [
    captionOf(soak),
    ...totalsOf(samples),
    '',
    '| median of | second third | last third |',
    '| --- | ---: | ---: |',
    ...rows,
  ]
}

const isNumber = (value: number | undefined): boolean => value !== undefined

function totalsOf(samples: readonly Sample[]): readonly string[] {
  const total = (of: (sample: Sample) => number): number => samples.reduce((all, sample) => all + of(sample), 0)
  const decided = total(({ decisions }) => decisions.right)
  // From the first sample whose log could be measured to the last one.
  const sizes = samples.map(({ pdps }) => sum(Object.values(pdps), 'logMb'))
  const [first, last] = [sizes.findIndex(isNumber), sizes.findLastIndex(isNumber)]
  const written = ((sizes[last] ?? 0) - (sizes[first] ?? 0)) * 2 ** 20
  const logged = samples.slice(first + 1, last + 1).reduce((all, { decisions }) => all + decisions.right, 0)
  return [
    `${decided} decisions: ${total(({ decisions }) => decisions.wrong)} wrong, ${total(({ decisions }) => decisions.failed)} failed, ${total(({ decisions }) => decisions.unsent)} not sent (too many in flight)`,
    `${total(({ changes }) => changes.done)} grants revoked: ${total(({ changes }) => changes.wrong)} with a wrong decision after it, ${total(({ changes }) => changes.failed)} failed`,
    `${(written / logged).toFixed(0)} bytes of log a decision`,
  ]
}
