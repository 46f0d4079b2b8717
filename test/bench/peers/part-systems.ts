/**
 * The table: every system under one caller and under 32, and the targets that compare them.
 *
 * @module
 */

import type { World } from '../../fixtures/world.ts'
import { residentMb, syncCost } from '../ground.ts'
import { type BuildOptions, findPeer, PEERS, type PeerBuild } from './build.ts'
import type { Notebook } from './findings.ts'
import type { PeersOptions } from './options.ts'
import { type Place, questionTo, type RunningPdp } from './place.ts'
import { preparePure, pureCases } from './pure.ts'
import { startSpiceDb } from './spicedb.ts'
import { startCerbos, startOpa } from './stateless.ts'
import { interleaved, type Timed } from './timing.ts'

/** The names of Mandate's questions, as test/bench/story.ts has them. */
const OWNER = 'owner'
const CHAINS = ['chain of 1', 'chain of 3', 'chain of 5']
const DEEP = 'chain of 3'
const BATCH = 'batch of 50'
const ITEMS = 50
/** Callers of batches: 32 of them would be 1,600 questions at once. */
const BATCH_CALLERS = 4

const TUPLE = 'Check of one tuple'
const PURE = 'Check of a chain of 3'
const EXPLAINED = 'BatchCheck of a chain of 3, every reason'

export async function measureSystems(
  place: Place,
  pdp: RunningPdp,
  world: World,
  book: Notebook,
  options: PeersOptions,
  onNews: (line: string) => void,
): Promise<void> {
  const mandate = [OWNER, ...CHAINS, BATCH].map((name) => questionTo(pdp, world, name))
  const pure = pureCases(await preparePure(place))
  const peers = await startPeers(place, book, { mayBuild: !options.isQuick, onNews })
  const singles = [
    ...mandate.filter(({ name }) => name !== BATCH),
    pure.tuple,
    ...([1, 3, 5] as const).map(pure.chain),
    pure.explained,
    ...peers,
  ]
  const batch = mandate.filter(({ name }) => name === BATCH)
  // The many first: they warm it for the one.
  for (const [cases, callers] of [
    [singles, 32],
    [batch, BATCH_CALLERS],
    [[...singles, ...batch], 1],
  ] as const) {
    onNews(`timing ${cases.length} questions with ${callers} caller${callers === 1 ? '' : 's'}`)
    for (const [{ system, name }, figures] of await interleaved(cases, callers, options.scale))
      book.systems.push({ system, question: name, callers, ...figures })
  }
  judge(book, syncCost(place.dir))
  plotChains(book)
}

async function startPeers(place: Place, book: Notebook, building: BuildOptions): Promise<readonly Timed[]> {
  const started: Timed[] = []
  const all: readonly (readonly [string, PeerBuild, (place: Place, binary: string) => Promise<readonly Timed[]>])[] = [
    ['SpiceDB', PEERS.spicedb, startSpiceDb],
    ['Cerbos', PEERS.cerbos, startCerbos],
    ['OPA', PEERS.opa, startOpa],
  ]
  for (const [name, build, start] of all) {
    try {
      const cases = await start(place, await findPeer(build, building))
      for (const { once } of cases) await once()
      started.push(...cases)
    } catch (error) {
      book.missing.push({ what: `${name} ${build.version}`, reason: String(error).slice(0, 300) })
    }
  }
  return started
}

function judge(book: Notebook, sync: number): void {
  const of = (system: string, question: string, callers: number) => book.figure(system, question, callers)
  const nothing = { rps: Number.NaN, p50: Number.NaN, p99: Number.NaN, cpuUs: Number.NaN }
  const mine = of('Mandate', DEEP, 32) ?? nothing
  const theirs = (question: string) => of('OpenFGA', question, 32) ?? nothing
  const at32 = 'chain of 3, 32 callers, decisions a second:'
  book.target({
    what: `${at32} × OpenFGA's Check of the same chain`,
    value: mine.rps / theirs(PURE).rps,
    unit: '×',
    least: 10,
  })
  book.target({ what: `${at32} × its Check of one tuple`, value: mine.rps / theirs(TUPLE).rps, unit: '×', least: 3 })
  book.target({
    what: `${at32} × its explained BatchCheck`,
    value: mine.rps / theirs(EXPLAINED).rps,
    unit: '×',
    least: 25,
  })
  book.target({ what: 'CPU of the PDP for a decision over HTTP', value: mine.cpuUs, unit: 'µs', most: 200 })
  const batch = of('Mandate', BATCH, BATCH_CALLERS) ?? nothing
  book.target({ what: 'CPU of the PDP for an item of a batch of 50', value: batch.cpuUs / ITEMS, unit: 'µs', most: 20 })
  const one = of('Mandate', DEEP, 1) ?? nothing
  const allowed = (of('OpenFGA', TUPLE, 1) ?? nothing).p50 + sync
  book.target({
    what: 'chain of 3, 1 caller, p50, log durable',
    value: one.p50,
    unit: 'ms',
    most: round(allowed),
    note: `OpenFGA's Check of one tuple and one sync of ${sync.toFixed(2)} ms`,
  })
  const single = of('Mandate', BATCH, 1) ?? nothing
  book.target({
    what: 'batch of 50 beside one decision, 1 caller, p50',
    value: single.p50 / one.p50,
    unit: '×',
    most: 3,
  })
  const [five, owner] = [of('Mandate', 'chain of 5', 1) ?? nothing, of('Mandate', OWNER, 1) ?? nothing]
  book.target({
    what: 'chain of 5 beside the owner in person, 1 caller, p50',
    value: five.p50 / owner.p50,
    unit: '×',
    most: 1.5,
  })
}

const round = (value: number): number => Math.round(value * 100) / 100

function plotChains(book: Notebook): void {
  const points = (system: string, of: (length: number) => string, lengths: readonly number[]) =>
    lengths.flatMap((x) => {
      const figures = book.figure(system, of(x), 1)
      return figures ? [{ x, y: figures.p50 }] : []
    })
  const mandate = points('Mandate', (length) => (length === 0 ? OWNER : `chain of ${length}`), [0, 1, 3, 5])
  book.series.push({ plot: 'chain', name: 'Mandate, explained and logged', points: mandate })
  book.series.push({
    plot: 'chain',
    name: 'OpenFGA Check, yes or no',
    points: points('OpenFGA', (length) => `Check of a chain of ${length}`, [1, 3, 5]),
  })
}

export function idleMemory(pdp: RunningPdp, book: Notebook): void {
  book.target({
    what: 'memory of an idle PDP',
    value: residentMb(pdp.service.pid()) ?? Number.NaN,
    unit: 'MB',
    most: 150,
  })
}
