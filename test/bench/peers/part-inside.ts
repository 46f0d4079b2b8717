/**
 * The CPU time inside `decide`, from a CPU profile of the PDP's process under batches: the share of samples with a frame of the decision, times the CPU
 * time that the process used.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from '../../fixtures/world.ts'
import type { Notebook } from './findings.ts'
import { type Place, questionTo } from './place.ts'
import { interleaved, type Rounds } from './timing.ts'

const BATCH = 'batch of 50'
const ITEMS = 50
/** Rooms of the PDP whose work is deciding. */
const DECIDING = /\/pdp\/src\/(?:decide|engine|memory|cache)\//u
const SHOWN = 12

interface Node {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}
interface Profile {
  readonly nodes: readonly Node[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export async function measureInside(place: Place, world: World, book: Notebook, rounds: Rounds): Promise<void> {
  const folder = join(place.dir, 'profile')
  const options = `--cpu-prof --cpu-prof-dir=${folder} --cpu-prof-interval=200`
  const pdp = await place.startPdp({ name: 'one', env: { NODE_OPTIONS: options } })
  let [cpuUs, loadMs] = [Number.NaN, 0]
  try {
    const batch = questionTo(pdp, world, BATCH)
    const began = performance.now()
    const figures = await interleaved([batch], 4, rounds)
    loadMs = performance.now() - began
    cpuUs = figures.get(batch)?.cpuUs ?? Number.NaN
  } finally {
    // The profile is written at the end of the process.
    await pdp.stop()
  }
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))
  if (file === undefined)
    return void book.missing.push({ what: 'CPU inside decide', reason: 'the PDP left no profile' })
  const { deciding, total, byPlace } = read(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile, loadMs)
  const note = 'from a profile: functions of pdp/src/decide, engine, memory and cache, and what they call'
  book.target({
    what: 'CPU inside decide, for an item of a batch of 50',
    value: (cpuUs / ITEMS) * (deciding / total),
    unit: 'µs',
    most: 10,
    note,
  })
  book.profile.push(...byPlace.slice(0, SHOWN).map(([where, us]) => ({ where, share: us / total })))
}

/** Samples of the last so many milliseconds: before them the process loads its code. Microseconds: with a frame of the decision on the stack, altogether (idle time left out), and of each function itself. */
function read({ nodes, samples, timeDeltas }: Profile, lastMs: number) {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const isDeciding = new Map<number, boolean>()
  const decides = (id: number): boolean => {
    const known = isDeciding.get(id)
    if (known !== undefined) return known
    const parent = parents.get(id)
    const is = DECIDING.test(byId.get(id)?.callFrame.url ?? '') || (parent !== undefined && decides(parent))
    isDeciding.set(id, is)
    return is
  }
  let [deciding, total] = [0, 0]
  let leftUs = timeDeltas.reduce((sum, us) => sum + us, 0)
  const own = new Map<string, number>()
  for (const [at, id] of samples.entries()) {
    leftUs -= timeDeltas[at] ?? 0
    if (leftUs > lastMs * 1_000) continue
    const { functionName = '', url = '', lineNumber = 0 } = byId.get(id)?.callFrame ?? {}
    if (functionName === '(idle)' || functionName === '(program)') continue
    const us = timeDeltas[at] ?? 0
    total += us
    if (decides(id)) deciding += us
    const where =
      url === ''
        ? functionName
        : `${functionName || 'anonymous'} ${url.replace(/^.*\/(?=[\w@.-]+\/[\w@.-]+\/[\w.-]+$)/u, '')}:${lineNumber + 1}`
    own.set(where, (own.get(where) ?? 0) + us)
  }
  return { deciding, total, byPlace: [...own].sort(([, a], [, b]) => b - a) }
}
