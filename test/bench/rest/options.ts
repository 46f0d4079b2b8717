/**
 * What `npm run bench -- rest` can be told.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { UsageError } from '../../support/cli-options.ts'

export const REST_HELP = `npm run bench -- rest [options]

A PDP at start and at rest, on SQLite and on PostgreSQL: start with a long log to the first decision, memory of one idle process 10 s after its
start; on PostgreSQL also revocations with 3 PDPs and with one of them stopped (SIGSTOP), and 2 workers beside 1 (the client is a process of its own).
Prints the table of docs/performance.md.

  --entries N      entries of the log (default: 1,000,000; quick: 50,000)
  --quick          smaller log, fewer revocations, shorter rounds: for the direction only
  --only a,b       only these parts: start, revocations, workers
  --store a,b      only these stores of the PDP: sqlite, postgres (default: both; revocations and workers need postgres)
  --json FILE      write what was measured
  --help           this text
`

const PARTS = ['start', 'revocations', 'workers'] as const
const STORES = ['sqlite', 'postgres'] as const
export type RestPart = (typeof PARTS)[number]
export type RestStore = (typeof STORES)[number]

export interface RestOptions {
  readonly help: boolean
  readonly isQuick: boolean
  readonly json: string | undefined
  readonly entries: number
  readonly revocations: number
  readonly parts: readonly RestPart[]
  readonly stores: readonly RestStore[]
  readonly rounds: { readonly rounds: number; readonly roundMs: number; readonly warmMs: number }
}

const WHOLE = { entries: 1_000_000, revocations: 300, rounds: { rounds: 7, roundMs: 1_000, warmMs: 3_000 } }
const QUICK = { entries: 50_000, revocations: 40, rounds: { rounds: 3, roundMs: 300, warmMs: 500 } }

/** @throws UsageError for an option or a value that does not exist. */
export function parseRestOptions(args: readonly string[]): RestOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      entries: { type: 'string' },
      help: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      store: { type: 'string' },
    },
  })
  const scale = values.quick ? QUICK : WHOLE
  const entries = Number(values.entries?.replaceAll(/[,_]/gu, '') ?? scale.entries)
  if (!Number.isSafeInteger(entries) || entries < 1) throw new UsageError('--entries: a number of entries, from 1')
  return {
    ...scale,
    help: values.help,
    isQuick: values.quick,
    json: values.json,
    entries,
    parts: listed('--only', PARTS, values.only),
    stores: listed('--store', STORES, values.store),
  }
}

function listed<T extends string>(option: string, all: readonly T[], text: string | undefined): readonly T[] {
  if (text === undefined) return all
  const named = text.split(',')
  const found = all.filter((one) => named.includes(one))
  if (found.length !== named.length) throw new UsageError(`${option}: ${all.join(', ')}`)
  return found
}
