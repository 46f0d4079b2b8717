/**
 * Plots of what `bench -- peers` found.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawPlot, type Plot } from '../svg-plot.ts'
import type { Findings, Series } from './findings.ts'
import { machineLine } from './report.ts'

const PLOTS: readonly (Plot & { readonly plot: Series['plot'] })[] = [
  {
    plot: 'load',
    title: 'Latency against load: chain of three',
    x: { label: 'requests answered (1/s)', scale: 'log' },
    y: { label: 'time from when a request was due (ms)', scale: 'log' },
  },
  {
    plot: 'chain',
    title: 'Cost against the length of the chain, 1 caller',
    x: { label: 'grants in the chain (0: the owner in person)', scale: 'linear' },
    y: { label: 'median time of a decision (ms)', scale: 'linear' },
  },
  {
    plot: 'crowd',
    title: 'Cost against the number of tuples, 1 caller',
    x: { label: 'tuples in the store', scale: 'log' },
    y: { label: 'median time of a decision (ms)', scale: 'linear' },
  },
  {
    plot: 'pdps',
    title: 'Cost against the number of PDPs: decisions',
    x: { label: 'PDPs on one PostgreSQL', scale: 'count' },
    y: { label: 'median time of a decision (ms)', scale: 'linear' },
  },
  {
    plot: 'revocation',
    title: 'Cost against the number of PDPs: revocations',
    x: { label: 'PDPs on one PostgreSQL', scale: 'count' },
    y: { label: '99th percentile of a revocation (ms)', scale: 'linear' },
  },
]

/** Writes a file for each plot that there are points for. @returns their paths. */
export function plotFindings(found: Findings, folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true })
  return PLOTS.flatMap((plot) => {
    const series = found.series.filter((one) => one.plot === plot.plot && one.points.length > 0)
    if (series.length === 0) return []
    const path = join(folder, `${plot.plot}.svg`)
    writeFileSync(path, drawPlot(plot, series, machineLine(found.machine, found.isQuick)))
    return [path]
  })
}
