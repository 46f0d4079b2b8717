/**
 * `npm run bench -- peers`: Mandate beside OpenFGA, SpiceDB, Cerbos and OPA in one run, and every target with what was measured.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import type { World } from '../../fixtures/world.ts'
import { type Findings, machineNow, Notebook } from './findings.ts'
import { type Part, PEERS_HELP, type PeersOptions, parsePeersOptions } from './options.ts'
import { measureCrowd } from './part-crowd.ts'
import { measureInside } from './part-inside.ts'
import { measureLoad } from './part-load.ts'
import { measurePdps } from './part-pdps.ts'
import { measureIdle, measureStart } from './part-start.ts'
import { measureSystems } from './part-systems.ts'
import { measureWorkers } from './part-workers.ts'
import { furnishPlace, type Place, preparePlace, type RunningPdp } from './place.ts'
import { reportLines } from './report.ts'

type Print = (line: string) => void

export async function benchPeers(args: readonly string[], print: Print): Promise<void> {
  const options = parsePeersOptions(args)
  if (options.help) return print(PEERS_HELP)
  const loadBefore = loadavg()[0] ?? 0
  const book = new Notebook()
  // What was found before a signal is shown.
  const interrupted = (): void => {
    for (const line of reportLines(findingsOf(book, loadBefore, options.isQuick))) print(line)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.prependOnceListener(signal, interrupted)
  await measureAll(options, book, (news) => void process.stderr.write(`${news}\n`))
  const found = findingsOf(book, loadBefore, options.isQuick)
  for (const line of reportLines(found)) print(line)
  if (options.json) writeFileSync(options.json, `${JSON.stringify(found, undefined, 2)}\n`)
}

function findingsOf(book: Notebook, loadBefore: number, isQuick: boolean): Findings {
  return {
    isQuick,
    machine: machineNow(loadBefore),
    systems: book.systems,
    targets: book.targets,
    missing: book.missing,
    series: book.series,
    profile: book.profile,
  }
}

/** What every part gets. */
interface Scene {
  readonly place: Place
  readonly world: World
  readonly book: Notebook
  readonly options: PeersOptions
  readonly onNews: Print
}

const PART: Readonly<Record<Part, (scene: Scene) => Promise<void>>> = {
  systems: async (scene) => {
    // Before anything is asked or written: after a crowd a PDP reads at its start what others wrote to OpenFGA.
    await measureIdle(scene.place, scene.book)
    await withPdp(scene, ({ place, world, book, options, onNews }, pdp) =>
      measureSystems(place, pdp, world, book, options, onNews),
    )
  },
  inside: ({ place, world, book, options }) => measureInside(place, world, book, options.scale),
  load: (scene) =>
    withPdp(scene, ({ place, world, book, options }, pdp) => measureLoad(place, pdp, world, book, options.scale)),
  pdps: ({ place, world, book, options }) => measurePdps(place, world, book, options.scale),
  workers: ({ place, world, book, options }) => measureWorkers(place, world, book, options.scale),
  crowd: ({ place, world, book, options, onNews }) => measureCrowd(place, world, book, options, onNews),
  start: ({ place, world, book, options }) => measureStart(place, world, book, options.scale.logEntries),
}
/** The crowd is last but one: every part before it works on a small store. */
const ORDER: readonly Part[] = ['systems', 'inside', 'load', 'pdps', 'workers', 'crowd', 'start']

async function withPdp(scene: Scene, work: (scene: Scene, pdp: RunningPdp) => Promise<void>): Promise<void> {
  const pdp = await scene.place.startPdp()
  try {
    await work(scene, pdp)
  } finally {
    await pdp.stop()
  }
}

/** A part that fails is a row that says so: the others still count. */
async function measureAll(options: PeersOptions, book: Notebook, onNews: Print): Promise<void> {
  await using closing = new AsyncDisposableStack()
  const place = await preparePlace(options.store, closing)
  const world = await furnishPlace(place)
  const scene = { place, world, book, options, onNews }
  for (const part of ORDER.filter((one) => options.parts.has(one))) {
    onNews(`measuring: ${part}`)
    try {
      await PART[part](scene)
    } catch (error) {
      book.missing.push({ what: `the part '${part}'`, reason: String(error).slice(0, 500) })
    }
  }
}
