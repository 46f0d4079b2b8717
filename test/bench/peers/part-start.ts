/**
 * How long a PDP with a long decision log takes to its first decision.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from '../../fixtures/world.ts'
import { lengthenLog } from '../rest/long-log.ts'
import { figure } from '../story.ts'
import type { Notebook } from './findings.ts'
import { idleMemory } from './part-systems.ts'
import { type Place, questionTo } from './place.ts'

/** After a start, before its memory is read. */
const IDLE_MS = 10_000

/** Memory of a PDP that nobody has asked anything. */
export async function measureIdle(place: Place, book: Notebook): Promise<void> {
  const pdp = await place.startPdp()
  try {
    await sleep(IDLE_MS)
    idleMemory(pdp, book)
  } finally {
    await pdp.stop()
  }
}

export async function measureStart(place: Place, world: World, book: Notebook, entries: number): Promise<void> {
  const name = place.isShared ? 'long' : 'one'
  // It makes its folder, its key and its log.
  await (await place.startPdp({ name })).stop()
  // The first start reads the entries that came since the last stop, for erasures; a PDP that wrote them itself would have noted its position.
  await lengthenLog(place.dataDirOf(name), place.environmentOf(name)['PDP_LOG_ORIGIN'] ?? '', entries)
  await (await place.startPdp({ name })).stop()
  const began = performance.now()
  const pdp = await place.startPdp({ name })
  try {
    await questionTo(pdp, world, 'chain of 3').once()
    const value = (performance.now() - began) / 1_000
    book.target({
      what: `start with a log of ${figure(entries)} entries, to the first decision`,
      value,
      unit: 's',
      most: 3,
    })
  } finally {
    await pdp.stop()
  }
}
