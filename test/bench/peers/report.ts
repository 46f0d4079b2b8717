/**
 * What was found, as lines for people. What each system does not answer stands beside it.
 *
 * @module
 */
import { type Findings, isMet, type Machine, type SystemRow, type TargetRow } from './findings.ts'

/** What a row's system answers, and what it does not: a faster answer to a smaller question is not a better one. */
export const ANSWERS: Readonly<Record<string, string>> = {
  Mandate: 'token checked; chain, every reason; logged durably before the answer; never stale',
  'OpenFGA: Check of one tuple': 'yes or no about one tuple; preshared key; no chain, no reasons, no log',
  'OpenFGA: Check of a chain': 'yes or no; preshared key; no chain, no reasons, no log',
  'OpenFGA: BatchCheck': 'eight answers from which a PDP could make reasons; no chain, no log',
  'SpiceDB: chain of 3, fully consistent': 'yes or no; preshared key; no chain, no reasons, no log',
  'SpiceDB: chain of 3, by default': 'yes or no, up to 5 s stale; preshared key; no chain, no reasons, no log',
  Cerbos:
    'yes or no from a chain that the caller must bring and vouch for; keeps no grants; no reasons; log off; no token',
  OPA: 'rules written for this question over data pushed in before, as stale as the last push; chain; log off; no token',
}

export function answersOf({ system, question }: Pick<SystemRow, 'system' | 'question'>): string {
  const key = Object.keys(ANSWERS).find((known) => `${system}: ${question}`.startsWith(known))
  return key === undefined ? '' : (ANSWERS[key] ?? '')
}

export function reportLines(found: Findings): readonly string[] {
  return [
    '',
    machineLine(found.machine, found.isQuick),
    ...tableLines(found.systems),
    ...(found.targets.length > 0 ? ['', 'Targets', ...found.targets.map(targetLine)] : []),
    ...found.missing.map(({ what, reason }) => `  not measured  ${what}: ${reason}`),
    ...profileLines(found),
  ]
}

export function machineLine(machine: Machine, isQuick: boolean): string {
  const { cores, cpu, memoryGb, node, loadBefore, loadAfter, syncMs } = machine
  const quick = isQuick ? ' Quick run: for the direction only.' : ''
  return `${cores} cores (${cpu}), ${memoryGb} GB, Node ${node}; load average ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after; one sync ${syncMs.toFixed(2)} ms.${quick}`
}

function tableLines(rows: readonly SystemRow[]): readonly string[] {
  const callers = [...new Set(rows.map((row) => row.callers))].sort((a, b) => b - a)
  return callers.flatMap((count) => [
    '',
    line(`${count} caller${count === 1 ? '' : 's'}`, 'rps', 'p50 ms', 'p99 ms', 'CPU µs', 'answers'),
    ...rows
      .filter((row) => row.callers === count)
      .map((row) =>
        line(
          `${row.system}: ${row.question}`,
          row.rps.toFixed(0),
          row.p50.toFixed(2),
          row.p99.toFixed(2),
          row.cpuUs.toFixed(0),
          answersOf(row),
        ),
      ),
  ])
}

const line = (name: string, ...cells: readonly string[]): string => {
  const answers = cells.at(-1) ?? ''
  const figures = cells.slice(0, -1).map((cell) => cell.padStart(9))
  return `  ${name.padEnd(54)}${figures.join('')}   ${answers}`
}

export function boundOf({ most, least, unit }: TargetRow): string {
  return most === undefined ? `≥ ${least} ${unit}` : `≤ ${most} ${unit}`
}

function targetLine(row: TargetRow): string {
  const verdict = isMet(row) ? 'met' : 'MISSED'
  const note = row.note === undefined ? '' : `   (${row.note})`
  return `  ${verdict.padEnd(8)}${row.what.padEnd(74)}${row.value.toFixed(2).padStart(9)} ${row.unit.padEnd(3)} ${boundOf(row)}${note}`
}

/** Beside missed targets: where the PDP's time goes. */
function profileLines({ profile, targets }: Findings): readonly string[] {
  if (profile.length === 0 || targets.every(isMet)) return []
  return [
    '',
    'CPU profile of the PDP under batches of 50, functions themselves, idle time left out',
    ...profile.map(({ where, share }) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${where}`),
  ]
}
