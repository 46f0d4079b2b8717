/**
 * `npm run test:new-enemy`: three PDPs on one PostgreSQL, judged by one observer. The arm without the read barrier runs first and must find
 * violations; then the arm with it, at least twenty times as long, must find none.
 *
 * @module
 */
import { isUsageError, readOptions, UsageError } from '../support/cli-options.ts'
import { type ArmOptions, type ArmResult, runArm } from './run.ts'

const HELP = `npm run test:new-enemy -- [options]

  --minutes N    length of the protected arm (default: 3); the vulnerable arm runs a twentieth of it
  --seed N       repeats the choice of operations and faults (default: random, printed)
  --arm NAME     only this arm: vulnerable, protected
  --pdps N       number of PDPs (default: 3)
  --no-faults    no process is stopped, killed or cut off
  --help         this text
`
const ARMS = ['vulnerable', 'protected']
/** How many violations are printed. */
const SHOWN = 10

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, {
    minutes: 3,
    seed: 1 + Math.floor(Math.random() * 1_000_000),
    arm: '',
    pdps: 3,
    'no-faults': false,
    help: false,
  })
  if (options.help) {
    print(HELP)
    return 0
  }
  const { minutes, seed, pdps } = options
  if (!['', ...ARMS].includes(options.arm)) throw new UsageError(`--arm: ${ARMS.join(', ')}`)
  for (const name of ['seed', 'pdps'] as const)
    if (!Number.isInteger(options[name])) throw new UsageError(`--${name}: must be a whole number`)
  const ms = minutes * 60_000
  const plan = { seed, pdps, copies: 2, writers: 6, readers: 6, faults: !options['no-faults'] }
  let isRight = true
  if (options.arm !== 'protected') {
    const result = await arm('vulnerable', { ...plan, barrier: 'off', ms: Math.max(ms / 20, 10_000) })
    isRight &&= result.violations.length > 0
  }
  if (options.arm !== 'vulnerable') {
    const result = await arm('protected', { ...plan, barrier: 'on', ms })
    isRight &&= result.violations.length === 0
  }
  return isRight ? 0 : 1
}

async function arm(name: string, options: ArmOptions): Promise<ArmResult> {
  print(`${name} arm: seed ${options.seed}, ${options.pdps} PDPs, barrier ${options.barrier}`)
  const result = await runArm(options)
  const { violations, firstAfterMs, counts, faults, changesOf, ms } = result
  const kinds = Map.groupBy(violations, ({ kind }) => kind)
  print(`  ${(ms / 1000).toFixed(0)} s; ${textOf(counts)}`)
  print(`  changes: ${textOf(changesOf)}`)
  print(`  faults: ${textOf(faults)}`)
  print(`  violations: ${violations.length}${firstAfterMs === undefined ? '' : `, the first after ${firstAfterMs} ms`}`)
  for (const [kind, found] of kinds) print(`    ${kind}: ${found.length}`)
  for (const { at, kind, text } of violations.slice(0, SHOWN)) print(`    ${at} ms: ${kind}: ${text}`)
  return result
}

const textOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ') || 'none'

// The handlers of `exit` end the servers and PDPs that were started; a signal alone would leave them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (isUsageError(error)) {
    process.stderr.write(`test:new-enemy: ${error.message}\nnpm run test:new-enemy -- --help lists every option.\n`)
    return 64
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return 2
})
