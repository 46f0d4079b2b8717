/**
 * `npm run bench -- plot FILE`: brings docs/performance.md and its plots up to date with what `bench -- peers --json FILE` wrote.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { UsageError } from '../../support/cli-options.ts'
import { type Findings, isMet, type SystemRow, type TargetRow } from './findings.ts'
import { plotFindings } from './plot.ts'
import { answersOf, boundOf, machineLine } from './report.ts'

const PAGE = 'docs/performance.md'
const PLOTS = 'docs/performance'
const [BEGIN, END] = ['<!-- measured: begin -->', '<!-- measured: end -->']

/** @throws UsageError without a file. */
export function updatePage([file, ...more]: readonly string[], print: (line: string) => void): void {
  if (file === undefined || file.startsWith('-') || more.length > 0)
    throw new UsageError('plot: which FILE did `peers --json FILE` write?')
  const found = JSON.parse(readFileSync(file, 'utf8')) as Findings
  const plots = plotFindings(found, PLOTS)
  const page = readFileSync(PAGE, 'utf8')
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error(`${PAGE}: the marks around what was measured are gone`)
  writeFileSync(PAGE, [before, BEGIN, '\n', measured(found, plots), END, after].join(''))
  for (const path of [PAGE, ...plots]) print(path)
}

function measured(found: Findings, plots: readonly string[]): string {
  const callers = [...new Set(found.systems.map((row) => row.callers))].sort((a, b) => b - a)
  const missed = found.targets.some((row) => !isMet(row))
  return [
    `${found.machine.at.slice(0, 10)}: ${machineLine(found.machine, found.isQuick)}`,
    '',
    ...callers.flatMap((count) => systemTable(found.systems, count)),
    ...targetTable(found.targets),
    ...found.missing.map(({ what, reason }) => `Not measured: ${what} (${reason.replaceAll('\n', ' ')}).\n`),
    ...(missed && found.profile.length > 0 ? profileTable(found) : []),
    ...plots.map((path) => `![${titleOf(path)}](${relative('docs', path)})\n`),
    '',
  ].join('\n')
}

function systemTable(rows: readonly SystemRow[], callers: number): readonly string[] {
  return [
    `| ${callers} caller${callers === 1 ? '' : 's'} | requests/s | p50 ms | p99 ms | CPU µs a request | what is answered, and what is not |`,
    '| --- | ---: | ---: | ---: | ---: | --- |',
    ...rows
      .filter((row) => row.callers === callers)
      .map((row) => {
        const figures = [row.rps.toFixed(0), row.p50.toFixed(2), row.p99.toFixed(2), row.cpuUs.toFixed(0)]
        return `| ${row.system}: ${row.question} | ${figures.join(' | ')} | ${answersOf(row)} |`
      }),
    '',
  ]
}

/** Rows as a table in Markdown. */
export function targetTable(rows: readonly TargetRow[]): readonly string[] {
  if (rows.length === 0) return []
  return [
    '| what | measured | target | |',
    '| --- | ---: | ---: | --- |',
    ...rows.map((row) => {
      const note = row.note === undefined ? '' : ` (${row.note})`
      return `| ${row.what}${note} | ${row.value.toFixed(2)} ${row.unit} | ${boundOf(row)} | ${isMet(row) ? 'met' : '**missed**'} |`
    }),
    '',
  ]
}

function profileTable({ profile }: Findings): readonly string[] {
  return [
    'Where the PDP’s CPU time goes under batches of 50 (functions themselves, idle time left out):',
    '',
    '| share | function |',
    '| ---: | --- |',
    ...profile.map(({ where, share }) => `| ${(share * 100).toFixed(1)} % | \`${where}\` |`),
    '',
  ]
}

const titleOf = (path: string): string => /<title>([^<]*)</u.exec(readFileSync(join(path), 'utf8'))?.[1] ?? path
