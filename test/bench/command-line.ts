/**
 * How long `mandate` and `mandate-audit` take to start: help, and a usage error. With a warm compile cache, as after the first start.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { readOptions } from '../support/cli-options.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUDGET_MS = 300

/** The first is Node alone, which all others contain. */
const STARTS: readonly (readonly string[])[] = [
  ['--eval', '0'],
  ['cli/src/main.ts', '--help'],
  ['cli/src/main.ts', 'grant', 'give', '--help'],
  ['cli/src/main.ts', 'grnt'],
  ['auditor/src/main.ts', '--help'],
  ['auditor/src/main.ts', 'query', '--decison', 'deny'],
]

/** Prints median and worst of `--rounds` starts. */
export function benchCommandLine(args: readonly string[], print: (line: string) => void): void {
  const { rounds } = readOptions(args, { rounds: 11 })
  for (const argv of STARTS) {
    startOnce(argv)
    const times = Array.from({ length: rounds }, () => startOnce(argv)).toSorted((a, b) => a - b)
    const [median = 0, worst = 0] = [times[Math.floor(times.length / 2)], times.at(-1)]
    const verdict = median <= BUDGET_MS ? 'within' : 'OVER'
    const name = argv.join(' ').replace('/src/main.ts', '')
    print(`${name.padEnd(32)} median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms: ${verdict} ${BUDGET_MS} ms`)
  }
}

function startOnce(argv: readonly string[]): number {
  const begin = performance.now()
  spawnSync(process.execPath, [...argv], { cwd: ROOT, stdio: 'ignore' })
  return performance.now() - begin
}
