/**
 * Cost against the size of the store: the same question among 1,000 and 1,000,000 tuples, and of an agent that holds many grants.
 *
 * @module
 */
import { Pool } from 'undici'
import type { World } from '../../fixtures/world.ts'
import { askPdp } from '../cases.ts'
import { crowdOf, findStar, loadCrowd, type Size } from '../crowd.ts'
import { busyAgent, figure } from '../story.ts'
import type { Notebook, Point } from './findings.ts'
import type { Scale } from './options.ts'
import { findQuestion, type Place, questionTo } from './place.ts'
import { interleaved } from './timing.ts'

const DEEP = 'chain of 3'
const AGENT = 'agent, gates'
/** As story.ts names it when the bench does not say how many: the number is put in front by this part. */
const BUSY_AGENT = 'agent with 0 grants'
/** A grant's tuples: its edge, its delegate, its seat. */
const TUPLES_A_GRANT = 3
/** The grants are held from the second crowd on. */
const FIRST = 0

export async function measureCrowd(
  place: Place,
  world: World,
  book: Notebook,
  scale: Scale,
  onNews: (line: string) => void,
): Promise<void> {
  const pool = new Pool(place.openFga.url, { connections: 8 })
  place.onShutdown(() => pool.destroy())
  const star = await findStar(place, world.id('A'), 'traveler', 'family')
  const store = await findMandateStore(place)
  const [chains, agents, ratios]: [Point[], Point[], number[]] = [[], [], []]
  let size: Size = { resources: 0, visible: 0, held: 0 }
  for (const [at, tuples] of scale.crowds.entries()) {
    const held = at === FIRST ? 20 : scale.held
    const next: Size = { resources: Math.max(size.resources, tuples - held * TUPLES_A_GRANT), visible: 0, held }
    onNews(`loading a crowd of ${figure(tuples)} tuples`)
    await loadCrowd(place, pool, store, crowdOf(next, size, star, busyAgent(world)), false)
    size = next
    const pdp = await place.startPdp()
    try {
      const [chain, agent] = [DEEP, AGENT].map((name) => questionTo(pdp, world, name))
      const busyAsked = findQuestion(world, BUSY_AGENT)
      if (!chain || !agent) return
      const busy = { ...agent, name: 'busy', once: () => askPdp(pdp, busyAsked) }
      const figures = await interleaved([chain, agent, busy], 1, scale)
      const p50 = (one: typeof chain): number => figures.get(one)?.p50 ?? Number.NaN
      chains.push({ x: tuples, y: p50(chain) })
      agents.push({ x: held, y: p50(busy) })
      ratios.push(p50(busy) / p50(agent))
    } finally {
      await pdp.stop()
    }
  }
  report(book, scale, chains, ratios)
  book.series.push({ plot: 'crowd', name: 'Mandate, chain of 3', points: chains })
}

function report(book: Notebook, { crowds, held }: Scale, chains: readonly Point[], ratios: readonly number[]): void {
  const [small, large] = [chains[0], chains.at(-1)]
  const note = 'p50 at 1 caller, each crowd in a PDP of its own'
  book.target({
    what: `${figure(crowds.at(-1) ?? 0)} tuples beside ${figure(crowds[0] ?? 0)}, chain of 3`,
    value: (large?.y ?? Number.NaN) / (small?.y ?? Number.NaN),
    unit: '×',
    most: 1.2,
    note,
  })
  book.target({
    what: `an agent with ${figure(held)} grants beside one with few`,
    value: ratios.at(-1) ?? Number.NaN,
    unit: '×',
    most: 1.2,
    note: 'p50 at 1 caller, interleaved in one PDP',
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
