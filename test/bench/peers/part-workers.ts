/**
 * One PDP with two workers beside one with a single one.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import type { World } from '../../fixtures/world.ts'
import type { Notebook } from './findings.ts'
import { type Place, questionTo, type RunningPdp } from './place.ts'
import { interleaved, type Rounds } from './timing.ts'

const DEEP = 'chain of 3'
const CALLERS = 32
/** Two workers, the client, and the database. */
const CORES = 4

export async function measureWorkers(place: Place, world: World, book: Notebook, rounds: Rounds): Promise<void> {
  const index = await place.postgres.createDatabase('pdp_index')
  const pdps: RunningPdp[] = []
  try {
    for (const workers of ['1', '2'])
      pdps.push(
        await place.startPdp({ name: `workers-${workers}`, env: { PDP_WORKERS: workers, PDP_INDEX_URL: index } }),
      )
    const cases = pdps.map((pdp) => questionTo(pdp, world, DEEP))
    const figures = await interleaved(cases, CALLERS, rounds)
    const [one = Number.NaN, two = Number.NaN] = cases.map((each) => figures.get(each)?.rps)
    const cores = availableParallelism()
    const cpu = cases.map((each) => figures.get(each)?.cpuUs.toFixed(0)).join(' and ')
    const room =
      cores >= CORES
        ? `${cores} cores`
        : `${cores} cores, shared by both workers, the client and PostgreSQL: too few for what this row is about`
    book.target({
      what: '2 workers beside 1, chain of 3, decisions a second',
      value: two / one,
      unit: '×',
      least: 1.7,
      note: `${room}; ${one.toFixed(0)} and ${two.toFixed(0)} a second, CPU ${cpu} µs a decision`,
    })
  } finally {
    for (const pdp of pdps) await pdp.stop()
  }
}
