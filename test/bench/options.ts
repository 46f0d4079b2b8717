/**
 * What `npm run bench` can be told.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import type { OpenFgaEngine } from '@mandate/stack'
import { UsageError } from '../support/cli-options.ts'
import type { Size } from './crowd.ts'

export const HELP = `npm run bench -- [options]

Decisions of a real PDP process beside OpenFGA asked directly, in one run: the same questions, interleaved, medians of
rounds. Each case stands beside the very calls that the PDP makes for it ("same calls"), recorded and replayed.

  --quick          less than a minute: memory, 1,000 tuples, short rounds; for the direction, not for the figure
  --store a,b      only these databases under OpenFGA: memory, sqlite, postgres (default: all three; quick: memory)
  --json FILE      write the rows: case, system, store, tuples, connections, rps, p50_ms, p95_ms, p99_ms
  --help           this text

What would have more than 1,000 calls to OpenFGA under way at once (a batch of 50 over 32 connections) is left out:
OpenFGA gives up before it answers.

npm run bench -- peers [--quick]    beside OpenFGA, SpiceDB, Cerbos and OPA, and every target; -- peers --help
npm run bench -- rest [--quick]     start with a long log, idle memory, revocations beside a stopped PDP, workers; -- rest --help
npm run bench -- plot FILE          docs/performance.md and its plots, of what peers --json FILE wrote
npm run bench -- log [--quick]      the decision log alone: appends, verification, proofs, and what it adds to a decision
npm run bench -- hot [--rounds N] [--requests N] [--profile FOLDER] [--case NAME]
                                     CPU time of the PDP's process for each request, main thread apart
npm run bench -- decide [--rounds N] [--decisions N] [--case NAME]
                                     one decision from memory, without HTTP and log
npm run bench -- overload [--quick] [--only TEXT] [--defence on,off]
                                     what others get while one caller or address floods a PDP with 10 times what it can answer
npm run bench -- soak [--minutes N] [--rate N] [--json FILE]
                                     two PDPs at half of their peak (or N decisions a second) for 30 minutes, with grants and
                                     revocations; memory, handles and disk to FILE as JSON lines. Exit 1 after a wrong decision
npm run bench -- soak --plot FILE    docs/performance/soak-*.svg and the medians, of what a run wrote, also an interrupted one
npm run bench -- cli [--rounds N]    start of mandate and mandate-audit: help, and a usage error
npm run bench -- auditor [--entries N]  the auditor's first page in Chromium, over a log of 100,000 entries
npm run bench -- desktop             the desktop's window in Chromium: the wait behind a sign-in, a long activity scrolled
npm run bench -- restore [--entries N] [--megabytes N]
                                     backup and restore of a whole installation: seconds and bytes, as a table
npm run bench -- pep [--requests N] the enforcement point: its own work, throughput, memory over 1,000,000 requests
npm run bench -- transport           pipelining and HTTP/2 beside plain connections, without a PDP

A missed budget is said, and fails nothing.
`

export interface Options {
  readonly json: string | undefined
  readonly stores: readonly OpenFgaEngine[]
  readonly sizes: readonly Size[]
  readonly rounds: number
  /** Length of one measurement, in milliseconds. */
  readonly roundMs: number
  readonly warmMs: number
  /** Calls to OpenFGA under way at the same time, at most. */
  readonly mostCalls: number
}

const SMALL: Size = { resources: 800, visible: 100, held: 20 }
const LARGE: Size = { resources: 100_000, visible: 1_000, held: 20_000 }
const STORES: readonly OpenFgaEngine[] = ['memory', 'sqlite', 'postgres']
const QUICK_STORES: readonly OpenFgaEngine[] = ['memory']
const WHOLE = { rounds: 5, roundMs: 500, warmMs: 1_000, mostCalls: 1_000, sizes: [SMALL, LARGE] }
const QUICK = { rounds: 2, roundMs: 50, warmMs: 250, mostCalls: 200, sizes: [SMALL] }

/** @throws UsageError for what it does not know. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      store: { type: 'string' },
    },
  })
  const named = values.store?.split(',') ?? (values.quick ? QUICK_STORES : STORES)
  const stores = STORES.filter((store) => named.includes(store))
  if (stores.length !== named.length) throw new UsageError('--store: memory, sqlite or postgres')
  const plan = values.quick ? QUICK : WHOLE
  return { json: values.json, stores, ...plan }
}
