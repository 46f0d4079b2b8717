/**
 * How long a PDP with a long decision log takes to its first decision.
 *
 * @module
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openIndex } from '../../../pdp/src/log/entry-index.ts'
import { nodeFiles } from '../../../pdp/src/log/files.ts'
import { openLog } from '../../../pdp/src/log/log.ts'
import { loadSigner } from '../../../pdp/src/log/signer.ts'
import { anEntry } from '../../contract/log-builders.ts'
import type { World } from '../../fixtures/world.ts'
import { figure } from '../story.ts'
import type { Notebook } from './findings.ts'
import { idleMemory } from './part-systems.ts'
import { type Place, questionTo } from './place.ts'

const A_FILL = 2_000
/** After a start, before its memory is read. */
const IDLE_MS = 2_000

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
  const name = 'long'
  // It makes its folder, its key and its log.
  await (await place.startPdp({ name })).stop()
  await lengthen(place.dataDirOf(name), place.environmentOf(name)['PDP_LOG_ORIGIN'] ?? '', entries)
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

/** Appends entries to the log of a PDP that is not running, and feeds the index, which a start waits for. */
async function lengthen(dataDir: string, origin: string, entries: number): Promise<void> {
  const files = nodeFiles()
  const log = await openLog({ dir: join(dataDir, 'log'), origin, signer: await loadSigner(files, dataDir, origin) })
  for (let first = 0; first < entries; first += A_FILL) {
    const count = Math.min(A_FILL, entries - first)
    await log.append(Array.from({ length: count }, (_, at) => anEntry(first + at)))
  }
  const index = await openIndex({
    place: join(dataDir, 'index.db'),
    log,
    onFault: (fault) => process.stderr.write(`${String(fault)}\n`),
  })
  await index.close()
  await log.close()
}
