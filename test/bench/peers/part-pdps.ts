/**
 * Several PDPs on one PostgreSQL: what a revocation takes while one of them is stopped, that it holds on every other at once, and what another PDP costs.
 *
 * @module
 */

import { createCall } from '../../fixtures/pdp.ts'
import type { World } from '../../fixtures/world.ts'
import type { Notebook, Point } from './findings.ts'
import type { Scale } from './options.ts'
import { type Place, questionTo, type RunningPdp } from './place.ts'
import { interleaved, paced, quantile } from './timing.ts'

const DEEP = 'chain of 3'
const PDPS = ['one', 'two', 'three']
/** Of the paced question that goes round while grants are revoked. */
const A_SECOND = 200

export async function measurePdps(place: Place, world: World, book: Notebook, scale: Scale): Promise<void> {
  const running: RunningPdp[] = []
  const [costs, revocations]: [Point[], Point[]] = [[], []]
  try {
    for (const name of PDPS) {
      running.push(await place.startPdp({ name }))
      const pdps = running.length
      costs.push({ x: pdps, y: await latencyOver(running, world, scale) })
      revocations.push({ x: pdps, y: quantile(await revoke(place, world, running, scale.revocations), 0.99) })
    }
    const stopped = running.at(-1)
    stopped?.service.kill('SIGSTOP').catch(() => undefined)
    const took = await revoke(place, world, running.slice(0, -1), scale.revocations)
    book.target({
      what: 'revocation, call to return, 3 PDPs of which one is stopped, p99',
      value: quantile(took, 0.99),
      unit: 'ms',
      most: 50,
      note: `${took.length} revocations, median ${quantile(took, 0.5).toFixed(1)} ms; each was denied by another PDP at once`,
    })
    book.target({
      what: 'the same beside 3 PDPs that all run, p99',
      value: quantile(took, 0.99) / (revocations.at(-1)?.y ?? Number.NaN),
      unit: '×',
      most: 1.5,
    })
    if (stopped) process.kill(stopped.service.pid(), 'SIGCONT')
  } finally {
    for (const pdp of running) await pdp.stop()
  }
  book.series.push({ plot: 'pdps', name: 'a decision, chain of 3, p50', points: costs })
  book.series.push({ plot: 'revocation', name: 'a revocation, call to return, p99', points: revocations })
}

/** Median latency of a question that goes round all PDPs at a low rate: what the barrier costs, not what the cores lack. */
async function latencyOver(running: readonly RunningPdp[], world: World, scale: Scale): Promise<number> {
  const each = running.map((pdp) => questionTo(pdp, world, DEEP))
  await interleaved(each, 8, { rounds: 1, roundMs: scale.roundMs, warmMs: scale.warmMs })
  let turn = 0
  const [first] = each
  if (!first) return Number.NaN
  const round = { ...first, once: () => each[turn++ % each.length]?.once() ?? Promise.reject(new Error('no PDP')) }
  return (await paced(round, A_SECOND, scale.pacedMs)).p50
}

/** A PDP decided otherwise than what another one had answered. */
export class WrongDecision extends Error {
  override readonly name = 'WrongDecision'
}

/**
 * Grants and revokes through the PDPs in turn. After a failure the grant is revoked.
 *
 * @returns how long each revocation took, ascending, in milliseconds.
 * @throws WrongDecision when another PDP still permits; Error for a request that fails.
 */
export async function revoke(
  place: Place,
  world: World,
  running: readonly RunningPdp[],
  count: number,
): Promise<readonly number[]> {
  const took: number[] = []
  const calls = running.map(({ url }) => createCall(() => url, place.issuer))
  for (let at = 0; at < count; at += 1) {
    const call = calls[at % calls.length]
    const other = calls[(at + 1) % calls.length]
    if (!call || !other) break
    took.push(await revokeOnce(withCalls(world, call), withCalls(world, other)))
  }
  return took.toSorted((a, b) => a - b)
}

async function revokeOnce(here: World, there: World): Promise<number> {
  const granted = await here.grant({ name: 'passing', from: 'A', to: 'S', actions: ['read'], days: 1 })
  if (granted.status !== 201) throw new Error(`bench: grant: ${granted.status} ${granted.text}`)
  try {
    await expectDecision(there, true)
    const begin = performance.now()
    const revoked = await here.revoke('passing', 'A')
    const took = performance.now() - begin
    if (revoked.status >= 300) throw new Error(`bench: revoke: ${revoked.status} ${revoked.text}`)
    await expectDecision(there, false)
    return took
  } catch (error) {
    // Otherwise it would permit after the next revocation.
    await there.revoke('passing', 'A')
    throw error
  }
}

/** What one PDP answered is true on the others at once. */
async function expectDecision(world: World, expected: boolean): Promise<void> {
  const { status, body } = await world.ask({ subject: 'S', action: 'read' })
  if (status === 200 && body.decision === expected) return
  const message = `bench: another PDP decided ${status} ${JSON.stringify(body).slice(0, 300)}, not ${expected}`
  throw status === 200 ? new WrongDecision(message) : new Error(message)
}

/** The same people, through another PDP. */
function withCalls(world: World, call: ReturnType<typeof createCall>): World {
  const other = Object.create(world) as World
  Object.defineProperty(other, 'tpdp', { value: { ...world.tpdp, call } })
  return other
}
