/**
 * What `npm run bench -- peers` can be told.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { UsageError } from '../../support/cli-options.ts'

export const PEERS_HELP = `npm run bench -- peers [options]

Mandate (token checked, chain, reasons, durable log) beside OpenFGA, SpiceDB, Cerbos and OPA: one run, one machine,
interleaved rounds, medians; then every target of docs/performance.md, with what was measured. Peers are built with Go
on the first run (up to 20 minutes each, kept outside the repository); one that cannot be built is left out, with its reason.

  --quick          less than 2 minutes; peers that are not built yet are left out; short rounds, small crowds; for the direction only
  --only a,b       only these parts: ${['systems', 'inside', 'load', 'crowd', 'pdps', 'workers', 'start'].join(', ')}
  --store sqlite   the PDP's own store, sqlite or postgres (default: postgres); several PDPs need postgres
  --json FILE      write everything that was measured, for docs/performance.md and the plots
  --help           this text

npm run bench -- plot FILE   brings docs/performance.md and its plots up to date with what --json wrote
`

const PARTS = ['systems', 'inside', 'load', 'crowd', 'pdps', 'workers', 'start'] as const
export type Part = (typeof PARTS)[number]

/** How long and how large everything is. Times in milliseconds. */
export interface Scale {
  readonly rounds: number
  readonly roundMs: number
  readonly warmMs: number
  /** Of one step of the paced load. */
  readonly pacedMs: number
  /** Tuples of the crowds, ascending. */
  readonly crowds: readonly number[]
  /** Grants that one agent holds. */
  readonly held: number
  readonly revocations: number
  readonly logEntries: number
}

const WHOLE: Scale = {
  rounds: 7,
  roundMs: 1_000,
  warmMs: 3_000,
  pacedMs: 5_000,
  crowds: [1_000, 10_000, 100_000, 1_000_000],
  held: 20_000,
  revocations: 300,
  logEntries: 1_000_000,
}
const QUICK: Scale = {
  rounds: 2,
  roundMs: 120,
  warmMs: 300,
  pacedMs: 500,
  crowds: [1_000, 5_000],
  held: 500,
  revocations: 20,
  logEntries: 10_000,
}

export interface PeersOptions {
  readonly help: boolean
  readonly isQuick: boolean
  readonly json: string | undefined
  readonly store: 'sqlite' | 'postgres'
  readonly parts: ReadonlySet<Part>
  readonly scale: Scale
}

/** @throws UsageError for an option that does not exist. */
export function parsePeersOptions(args: readonly string[]): PeersOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      store: { type: 'string', default: 'postgres' },
    },
  })
  const named = values.only?.split(',') ?? PARTS
  const parts = PARTS.filter((part) => named.includes(part))
  if (parts.length !== named.length) throw new UsageError(`--only: ${PARTS.join(', ')}`)
  if (values.store !== 'sqlite' && values.store !== 'postgres') throw new UsageError('--store: sqlite or postgres')
  const scale = values.quick ? QUICK : WHOLE
  return {
    help: values.help,
    isQuick: values.quick,
    json: values.json,
    store: values.store,
    parts: new Set(parts),
    scale,
  }
}
