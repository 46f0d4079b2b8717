/**
 * Cost against the size of the store: the same question among 1,000 and 1,000,000 tuples, and of an agent that holds many grants.
 *
 * @module
 */
import { Pool } from 'undici'
import type { World } from '../../fixtures/world.ts'
import { crowdOf, findStar, loadCrowd, type Size } from '../crowd.ts'
import { busyAgent, figure } from '../story.ts'
import type { Notebook, Point } from './findings.ts'
import type { PeersOptions, Scale } from './options.ts'
import { furnishPlace, type Place, preparePlace, questionTo } from './place.ts'
import { interleaved, type Timed } from './timing.ts'

const DEEP = 'chain of 3'
const AGENT = 'agent, gates'
/** As story.ts names it for a size without grants: how many it holds is known here. */
const BUSY_AGENT = 'agent with 0 grants'
/** A grant's tuples: its edge, its delegate, its seat. */
const TUPLES_A_GRANT = 3
/** Grants that the agent holds in the smallest crowd. */
const FEW = 20

/** What the crowds are compared with: a store that stays small, in servers of its own, asked in the same rounds. */
async function prepareSmall(options: PeersOptions, closing: AsyncDisposableStack): Promise<Timed> {
  const place = await preparePlace(options.store, closing)
  const world = await furnishPlace(place)
  const [tuples = 0] = options.scale.crowds
  await fill(place, world, { resources: 0, visible: 0, held: 0 }, sizeOf(tuples, FEW))
  const pdp = await place.startPdp()
  closing.defer(() => pdp.stop())
  return { ...questionTo(pdp, world, DEEP), name: 'small' }
}

export async function measureCrowd(
  place: Place,
  world: World,
  book: Notebook,
  options: PeersOptions,
  onNews: (line: string) => void,
): Promise<void> {
  const { scale } = options
  await using closing = new AsyncDisposableStack()
  const small = await prepareSmall(options, closing)
  const [chains, smalls]: [Point[], Point[]] = [[], []]
  const [besideSmall, busyBesideFew]: [number[], number[]] = [[], []]
  let size: Size = { resources: 0, visible: 0, held: 0 }
  for (const [at, tuples] of scale.crowds.entries()) {
    const next = sizeOf(tuples, at === 0 ? FEW : heldAmong(tuples, scale))
    onNews(`loading a crowd of ${figure(tuples)} tuples`)
    await fill(place, world, size, next)
    size = next
    const pdp = await place.startPdp()
    try {
      const chain = questionTo(pdp, world, DEEP)
      const few = questionTo(pdp, world, AGENT)
      const busy = { ...questionTo(pdp, world, BUSY_AGENT), name: 'busy' }
      const figures = await interleaved([small, chain, few, busy], 1, scale)
      const p50 = (one: Timed): number => figures.get(one)?.p50 ?? Number.NaN
      chains.push({ x: tuples, y: p50(chain) })
      smalls.push({ x: tuples, y: p50(small) })
      besideSmall.push(p50(chain) / p50(small))
      busyBesideFew.push(p50(busy) / p50(few))
    } finally {
      await pdp.stop()
    }
  }
  report(book, scale, besideSmall.at(-1), busyBesideFew.at(-1))
  book.series.push({ plot: 'crowd', name: 'Mandate, chain of 3', points: chains })
  // How fast the machine was in the same rounds: sizes are measured minutes apart.
  book.series.push({ plot: 'crowd', name: 'a small store, same rounds', points: smalls })
}

/** Grants of the agent in a crowd: at most half of its tuples, so that no crowd has fewer resources than the one before it. */
const heldAmong = (tuples: number, { held }: Scale): number => Math.min(held, Math.floor(tuples / 2 / TUPLES_A_GRANT))

const sizeOf = (tuples: number, held: number): Size => ({
  resources: Math.max(0, tuples - held * TUPLES_A_GRANT),
  visible: 0,
  held,
})

async function fill(place: Place, world: World, from: Size, to: Size): Promise<void> {
  const pool = new Pool(place.openFga.url, { connections: 8 })
  try {
    const star = await findStar(place, world.id('A'), 'traveler', 'family')
    // The register learns only of the people who are asked about: decisions read nothing of the others there.
    await loadCrowd(place, pool, await findMandateStore(place), crowdOf(to, from, star, busyAgent(world)), false)
  } finally {
    await pool.close()
  }
}

function report(book: Notebook, { crowds, held }: Scale, large = Number.NaN, busy = Number.NaN): void {
  book.target({
    what: `${figure(crowds.at(-1) ?? 0)} tuples beside ${figure(crowds[0] ?? 0)}, chain of 3`,
    value: large,
    unit: '×',
    most: 1.2,
    note: 'p50 at 1 caller, a PDP on each store in the same rounds',
  })
  book.target({
    what: `an agent with ${figure(held)} grants beside one with few`,
    value: busy,
    unit: '×',
    most: 1.2,
    note: 'p50 at 1 caller, both in one PDP in the same rounds',
  })
}

/** The store that the PDP made, among those of this OpenFGA. */
async function findMandateStore({ openFga }: Place): Promise<string> {
  const headers = { authorization: `Bearer ${openFga.apiToken}` }
  const answer = await fetch(`${openFga.url}/stores`, { headers })
  const { stores } = (await answer.json()) as {
    readonly stores: readonly { readonly id: string; readonly name: string }[]
  }
  const store = stores.find(({ name }) => name === 'mandate')
  if (!store) throw new Error('bench: the PDP made no store')
  return `/stores/${store.id}`
}
