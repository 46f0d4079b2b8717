/**
 * `npm run fuzz`: generated requests for every service, tokens, policy packs, proofs and the desktop's calls. Targets with planted faults run first, and
 * must be found wrong.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isUsageError, readOptions, UsageError } from '../support/cli-options.ts'
import { startPlanted } from './planted.ts'
import { makeReaders } from './readers.ts'
import { type Failure, type FuzzResult, runFuzz } from './run.ts'
import { startServices } from './services.ts'
import type { Target } from './target.ts'
import { startWatchdog } from './watchdog.ts'

const HELP = `npm run fuzz -- [options]

  --requests N     generated inputs (default: 100000)
  --seed N         repeats them (default: random, printed)
  --connections N  inputs under way at a time (default: 8)
  --only TEXT      only targets whose name has this text
  --keep FILE      where failing inputs go (default: mandate-fuzz-SEED.json in the temporary folder)
  --replay FILE    sends the inputs of such a file again, and prints the answers
  --help           this text

exit status: 0 no fault, 1 a fault (or a planted one that was not found), 64 usage
`
const HANG_MS = 1_000
const PLANTED_REQUESTS = 600
/** Memory is flat when it ends at most this factor and this many megabytes above where it was after a fifth. */
const FLAT = { factor: 1.3, mb: 40 }
const SHOWN = 15

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, {
    requests: 100_000,
    seed: 1 + Math.floor(Math.random() * 1_000_000),
    connections: 8,
    only: '',
    keep: '',
    replay: '',
    help: false,
  })
  if (options.help) {
    print(HELP)
    return 0
  }
  const { requests, seed, connections, only, replay } = options
  for (const name of ['seed', 'requests', 'connections'] as const)
    if (!Number.isInteger(options[name])) throw new UsageError(`--${name}: must be a whole number`)
  if (replay === '' && !(await findsPlanted(seed))) return 1
  const folder = mkdtempSync(join(tmpdir(), 'mandate-fuzz-'))
  try {
    const services = await startServices(folder)
    try {
      const targets = [...services.targets, ...(await makeReaders(folder))].filter(({ name }) => name.includes(only))
      if (targets.length === 0) throw new UsageError(`--only: no target has "${only}"`)
      if (replay !== '') return await sendAgain(targets, replay)
      print(`${requests} inputs for ${targets.length} targets, seed ${seed}`)
      const watchdog = startWatchdog(targets.map(({ name }) => name))
      const onProgress = (done: number): void => {
        if (done % (10 * Math.max(1, Math.floor(requests / 100))) === 0) print(`  ${done} sent`)
      }
      const plan = {
        requests,
        seed,
        connections,
        hangMs: HANG_MS,
        onProgress,
        refresh: services.refresh,
        onSend: watchdog.sending,
      }
      const result = await runFuzz(targets, plan)
      await watchdog.stop()
      return report(result, resolve(options.keep || join(tmpdir(), `mandate-fuzz-${seed}.json`)))
    } finally {
      await services.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Whether the planted 500, the hang, the error and the leak are found. */
async function findsPlanted(seed: number): Promise<boolean> {
  const planted = await startPlanted()
  try {
    const result = await runFuzz(planted.targets, { requests: PLANTED_REQUESTS, seed, connections: 8, hangMs: HANG_MS })
    const texts = new Set(result.failures.map(({ text }) => text))
    const found = {
      'status 500': texts.has('500'),
      'no end': texts.has('no end'),
      'unexpected error': texts.has('TypeError: 7'),
      leak: result.memory.some((one) => !isFlat(one)),
    }
    for (const [what, isFound] of Object.entries(found)) print(`planted ${what}: ${isFound ? 'found' : 'NOT FOUND'}`)
    return Object.values(found).every(Boolean)
  } finally {
    planted.stop()
  }
}

const isFlat = ({ earlyMb, lateMb }: FuzzResult['memory'][number]): boolean => lateMb <= earlyMb * FLAT.factor + FLAT.mb

function report({ targets, failures, memory, ms }: FuzzResult, file: string): number {
  for (const { name, sent, answers, slowestMs, slowOnce } of targets) {
    const told = Object.entries(answers).map(([answer, count]) => `${count} ${answer}`)
    print(
      `  ${name}: ${sent} sent, slowest ${slowestMs} ms${slowOnce > 0 ? ` (${slowOnce} late only once)` : ''}; ${told.join(', ')}`,
    )
  }
  for (const { name, earlyMb, lateMb } of memory)
    print(`  memory of ${name}: ${earlyMb} MB after a fifth, ${lateMb} MB in the end`)
  for (const { target, index, what, text, input } of failures.slice(0, SHOWN))
    print(`    ${target} #${index}: ${what}: ${text.slice(0, 400)}\n      ${JSON.stringify(input).slice(0, 600)}`)
  if (failures.length > 0) {
    writeFileSync(file, JSON.stringify(failures, undefined, 1), { mode: 0o600 })
    print(`failing inputs: ${file}`)
  }
  const leaks = memory.filter((one) => !isFlat(one))
  const count = (what: Failure['what']): number => failures.filter((one) => one.what === what).length
  const sent = targets.reduce((sum, one) => sum + one.sent, 0)
  const rows: readonly (readonly [string, number])[] = [
    ['5xx and unexpected errors', count('fault')],
    [`hangs over ${HANG_MS / 1_000} s`, count('hang')],
    ['processes whose memory grows', leaks.length],
  ]
  for (const [what, found] of rows)
    print(`  ${what.padEnd(30)} ${found === 0 ? 'ok   ' : 'WRONG'}  ${found} of ${sent} inputs`)
  const isRight = rows.every(([, found]) => found === 0)
  print(`${isRight ? 'verdict: as promised' : 'verdict: VIOLATED'}, ${Math.round(ms / 1_000)} s`)
  return isRight ? 0 : 1
}

async function sendAgain(targets: readonly Target[], file: string): Promise<number> {
  const failures: readonly Failure[] = JSON.parse(readFileSync(file, 'utf8'))
  let wrong = 0
  for (const { target: name, index, input } of failures) {
    const target = targets.find((one) => one.name === name)
    if (!target) continue
    const from = performance.now()
    const { answer, fault } = await target.send(input)
    if (fault !== undefined) wrong += 1
    print(
      `${name} #${index}: ${answer}${fault === undefined ? '' : ` FAULT ${fault}`}, ${Math.round(performance.now() - from)} ms`,
    )
  }
  return wrong === 0 ? 0 : 1
}

// The handlers of `exit` end the services that were started; a signal alone would leave them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (isUsageError(error)) {
    process.stderr.write(`fuzz: ${error.message}\nnpm run fuzz -- --help lists every option.\n`)
    return 64
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return 2
})
