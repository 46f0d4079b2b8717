/**
 * `npm run bench`: measurements. `-- --help` says which. Exit 64 for arguments that do not exist.
 *
 * @module
 */
import { isUsageError, readOptions, UsageError } from '../support/cli-options.ts'
import { benchAuditor } from './auditor.ts'
import { benchCommandLine } from './command-line.ts'
import { benchDecide } from './decide.ts'
import { benchDesktop } from './desktop.ts'
import { benchHot } from './hot/main.ts'
import { benchLog } from './log.ts'
import { benchLogPrice } from './log-price.ts'
import { benchOpenFga } from './openfga.ts'
import { HELP } from './options.ts'
import { benchOverload } from './overload/main.ts'
import { benchPeers } from './peers/main.ts'
import { updatePage } from './peers/page.ts'
import { benchPep } from './pep.ts'
import { benchRest } from './rest/main.ts'
import { benchRestore } from './restore.ts'
import { benchSoak } from './soak/main.ts'
import { benchTransport } from './transport.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const printAll = (lines: readonly string[]): void => lines.forEach(print)

type Benchmark = (args: readonly string[]) => Promise<void> | void

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  auditor: (args) => benchAuditor(args, print),
  cli: (args) => benchCommandLine(args, print),
  decide: (args) => benchDecide(args, print),
  desktop: (args) => {
    readOptions(args, {})
    return benchDesktop(print)
  },
  hot: benchHot,
  log: async (args) => {
    await benchLog(args, print)
    await benchLogPrice(args.includes('--quick'), print)
  },
  overload: (args) => benchOverload(args, print),
  peers: (args) => benchPeers(args, print),
  pep: async (args) => printAll(await benchPep(args)),
  plot: (args) => updatePage(args, print),
  rest: (args) => benchRest(args, print),
  restore: (args) => benchRestore(args, print),
  soak: (args) => benchSoak(args, print),
  transport: async (args) => {
    readOptions(args, {})
    printAll(await benchTransport())
  },
}
/** Benchmarks with a help of their own. */
const HELPS = ['peers', 'rest']

async function main([name = '', ...rest]: readonly string[]): Promise<void> {
  const named = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined
  const args = named || name === '' ? rest : [name, ...rest]
  if (args.includes('--help') && !HELPS.includes(name)) return print(HELP)
  if (!named && name !== '' && !name.startsWith('-')) throw new UsageError(`no benchmark is called "${name}"`)
  await (named ?? ((given) => benchOpenFga(given, print)))(args)
}

// The handlers of `exit` end the servers that a benchmark started; a signal alone would leave them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!isUsageError(error)) throw error
  process.stderr.write(`bench: ${error.message}\nnpm run bench -- --help lists every option.\n`)
  process.exitCode = 64
}
