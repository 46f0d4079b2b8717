/**
 * `npm run bench -- rest`: a PDP at start and at rest, revocations beside a stopped PDP, workers. Prints the table of docs/performance.md.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import type { World } from '../../fixtures/world.ts'
import { machineNow, Notebook, type TargetRow } from '../peers/findings.ts'
import { targetTable } from '../peers/page.ts'
import { revoke } from '../peers/part-pdps.ts'
import { measureIdle, measureStart } from '../peers/part-start.ts'
import { measureWorkers } from '../peers/part-workers.ts'
import { furnishPlace, type Place, preparePlace, type RunningPdp } from '../peers/place.ts'
import { machineLine } from '../peers/report.ts'
import { quantile } from '../peers/timing.ts'
import { parseRestOptions, REST_HELP, type RestOptions, type RestStore } from './options.ts'

type Print = (line: string) => void
const NAMES: Readonly<Record<RestStore, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' }
const PDPS = ['one', 'two', 'three']

/** Runs the benchmark and prints a table in Markdown. */
export async function benchRest(args: readonly string[], print: Print): Promise<void> {
  const options = parseRestOptions(args)
  if (options.help) return print(REST_HELP)
  const loadBefore = loadavg()[0] ?? 0
  const targets: TargetRow[] = []
  const missing: { what: string; reason: string }[] = []
  for (const store of options.stores) {
    const book = new Notebook()
    await measureStore(store, options, book)
    targets.push(...book.targets.map((row) => ({ ...row, what: `${row.what} (${NAMES[store]})` })))
    missing.push(...book.missing)
  }
  const machine = machineNow(loadBefore)
  print(`${machine.at.slice(0, 10)}: ${machineLine(machine, options.isQuick)}\n`)
  for (const line of targetTable(targets)) print(line)
  for (const { what, reason } of missing) print(`Not measured: ${what} (${reason}).`)
  if (options.json)
    writeFileSync(
      options.json,
      `${JSON.stringify({ isQuick: options.isQuick, machine, targets, missing }, undefined, 2)}\n`,
    )
}

/** A part that fails is a row that says so: the others still count. */
async function measureStore(store: RestStore, options: RestOptions, book: Notebook): Promise<void> {
  await using closing = new AsyncDisposableStack()
  const place = await preparePlace(store, closing)
  const world = await furnishPlace(place)
  const parts = {
    start: async () => {
      await measureIdle(place, book)
      await measureStart(place, world, book, options.entries)
    },
    revocations: () => measureRevocations(place, world, book, options.revocations),
    workers: () => measureWorkers(place, world, book, options.rounds),
  }
  for (const part of options.parts.filter((one) => store === 'postgres' || one === 'start'))
    await parts[part]().catch((error: unknown) =>
      book.missing.push({ what: `${part} on ${NAMES[store]}`, reason: String(error).slice(0, 300) }),
    )
}

/** Revocations through three PDPs, and through two beside a stopped one: nobody waits for a PDP. */
async function measureRevocations(place: Place, world: World, book: Notebook, count: number): Promise<void> {
  const running: RunningPdp[] = []
  try {
    for (const name of PDPS) running.push(await place.startPdp({ name }))
    // The first of each PDP prepare statements and fill memory.
    await revoke(place, world, running, PDPS.length * 2)
    addRows(book, 'revocation, call to return, 3 PDPs', await revoke(place, world, running, count))
    const last = running.at(-1)
    if (!last) return
    process.kill(last.service.pid(), 'SIGSTOP')
    try {
      const rest = running.slice(0, -1)
      addRows(book, 'revocation, call to return, one of 3 PDPs stopped', await revoke(place, world, rest, count))
    } finally {
      process.kill(last.service.pid(), 'SIGCONT')
    }
  } finally {
    for (const pdp of running) await pdp.stop()
  }
}

function addRows(book: Notebook, what: string, took: readonly number[]): void {
  const note = `${took.length} revocations, p50 ${quantile(took, 0.5).toFixed(1)} ms; another PDP denied at once after each`
  book.target({ what: `${what}, p99`, value: quantile(took, 0.99), unit: 'ms', most: 50, note })
}
