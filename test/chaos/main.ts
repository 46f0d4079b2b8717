/**
 * `npm run chaos`: three PDPs, the trips service with its PEP, OpenFGA, PostgreSQL and an issuer, with faults of each of them, of the connections between
 * them and of their clocks. An arm without two defences runs first, and must be found wrong; then the arm with them must not.
 *
 * @module
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isUsageError, readOptions, UsageError } from '../support/cli-options.ts'
import { type ChaosOptions, type ChaosResult, type Progress, runChaos } from './run.ts'
import { type Row, verdictOf } from './verdict.ts'

const HELP = `npm run chaos -- [options]

  --minutes N            length of the protected arm (default: 30); the arm without defences runs a tenth of it, at least 40 s
  --seed N               repeats the choice of operations and faults (default: random, printed); not their timing
  --arm NAME             only this arm: vulnerable, protected
  --pdps N               number of PDPs (default: 3)
  --writers N, --readers N   how many change and ask at a time (default: 3 each)
  --recovery-seconds N   how long a part may take to answer after a fault (default: 5)
  --only TEXT            only faults whose kind or target has this text, such as "clock" or "pdp-0"
  --without TEXT         no fault whose kind or target has this text
  --beyond               also clocks that differ by 2 to 55 s, which docs/consistency.md asks operators to prevent
  --keep FOLDER          where logs and a report go when something is wrong (default: mandate-chaos-SEED in the temporary folder)
  --help                 this text

exit status: 0 as promised, 1 a violation (or none found without defences), 64 usage
`
const ARMS = ['vulnerable', 'protected']
const SHOWN = 10

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, {
    minutes: 30,
    seed: 1 + Math.floor(Math.random() * 1_000_000),
    arm: '',
    pdps: 3,
    writers: 3,
    readers: 3,
    'recovery-seconds': 5,
    only: '',
    without: '',
    beyond: false,
    keep: '',
    help: false,
  })
  if (options.help) {
    print(HELP)
    return 0
  }
  const { minutes, seed, pdps, writers, readers, only, without, beyond } = options
  if (!['', ...ARMS].includes(options.arm)) throw new UsageError(`--arm: ${ARMS.join(', ')}`)
  for (const name of ['seed', 'pdps', 'writers', 'readers'] as const)
    if (!Number.isInteger(options[name])) throw new UsageError(`--${name}: must be a whole number`)
  const keep = resolve(options.keep || join(tmpdir(), `mandate-chaos-${seed}`))
  const plan = { seed, pdps, writers, readers, only, without, beyond, onProgress: printProgress }
  const ms = minutes * 60_000
  let isRight = true
  if (options.arm !== 'protected') {
    // Kills above all: only they lose what a log that answers too early has not written.
    const result = await runArm('vulnerable', {
      ...plan,
      only: 'process killed pdp',
      defences: 'off',
      ms: Math.max(ms / 10, 40_000),
    })
    const found = [result.violations.length > 0, result.log.missing.length > 0]
    print(
      `  found without the read barrier: ${result.violations.length} wrong decisions; with a log that answers too early: ${result.log.missing.length} missing`,
    )
    isRight &&= found.every(Boolean)
  }
  if (options.arm !== 'vulnerable') {
    const mostMs = options['recovery-seconds'] * 1_000
    const result = await runArm('protected', {
      ...plan,
      defences: 'on',
      ms,
      keep: (stage, all) => {
        if (verdictOf(all, mostMs).every(({ isRight }) => isRight)) return
        mkdirSync(keep, { recursive: true, mode: 0o700 })
        cpSync(stage.folder, keep, { recursive: true })
        writeFileSync(join(keep, 'report.json'), JSON.stringify({ options, ...all }, undefined, 1), { mode: 0o600 })
      },
    })
    const rows = verdictOf(result, mostMs)
    printTable(rows)
    const isPromised = rows.every((row) => row.isRight)
    isRight &&= isPromised
    if (!isPromised) print(`logs and report: ${keep}`)
  }
  print(isRight ? 'verdict: as promised' : 'verdict: VIOLATED')
  return isRight ? 0 : 1
}

async function runArm(name: string, options: ChaosOptions): Promise<ChaosResult> {
  print(
    `${name} arm: seed ${options.seed}, ${options.pdps} PDPs, ${Math.round(options.ms / 1_000)} s, defences ${options.defences}`,
  )
  const result = await runChaos(options)
  const { violations, counts, faults, changesOf, ms, log, ends, decisions } = result
  print(
    `  ${(ms / 1000).toFixed(0)} s; ${textOf(counts)}; ${decisions} decisions to be found in ${log.entries} log entries`,
  )
  print(`  changes: ${textOf(changesOf)}`)
  print(`  faults: ${textOf(faults)}`)
  if (ends.length > 0) print(`  ended by themselves and started again: ${ends.join(', ')}`)
  for (const [kind, found] of Map.groupBy(violations, (one) => one.kind)) print(`  ${kind}: ${found.length}`)
  for (const { at, kind, text } of violations.slice(0, SHOWN)) print(`    ${at} ms: ${kind}: ${text}`)
  for (const { what, id } of log.missing.slice(0, SHOWN)) print(`    missing ${what}: ${id}`)
  for (const finding of log.findings.slice(0, SHOWN)) print(`    ${finding}`)
  return result
}

function printProgress({ seconds, counts, violations, faults, slowestRecoveryMs }: Progress): void {
  print(
    `  ${seconds} s: ${counts.permits + counts.denials} decisions, ${counts.changes} changes, ${faults} faults, ${violations} wrong, slowest recovery ${slowestRecoveryMs} ms`,
  )
}

function printTable(rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ what }) => what.length))
  for (const { what, found, isRight } of rows)
    print(`  ${what.padEnd(width)}  ${isRight ? 'ok   ' : 'WRONG'}  ${found}`)
}

const textOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ') || 'none'

// The handlers of `exit` end the servers and PDPs that were started; a signal alone would leave them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (isUsageError(error)) {
    process.stderr.write(`chaos: ${error.message}\nnpm run chaos -- --help lists every option.\n`)
    return 64
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return 2
})
