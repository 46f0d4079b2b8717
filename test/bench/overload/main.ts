/**
 * `npm run bench -- overload`: one caller or address floods a PDP with ten times what it can answer of a kind of request; what others get meanwhile. With the
 * defences as they are by default, and with all of them off.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import type { World } from '../../fixtures/world.ts'
import { readOptions } from '../../support/cli-options.ts'
import { machineNow } from '../peers/findings.ts'
import { findQuestion, furnishPlace, type Place, preparePlace, type RunningPdp } from '../peers/place.ts'
import { machineLine } from '../peers/report.ts'
import { type Attack, FLOODER, prepareAttacks } from './attacks.ts'
import type { Flood, Flooded } from './flooder.ts'
import { asking, probing, reading, type Suffered, suffer, type Victim } from './victims.ts'

type Print = (line: string) => void

const TIMES = 10
const WHOLE = { floodMs: 6_000, capacityMs: 1_000 }
const QUICK = { floodMs: 2_000, capacityMs: 1_000 }
const CALM = { withinMs: 15_000, answerMs: 60, everyMs: 50 }
type Scale = typeof WHOLE

const TYPES = 'workflow+workflow_item+travel_account'
/** The PDP's own defaults, which {@link preparePlace} puts out of the way. */
const DEFAULTS = {
  PDP_SERVICES: `trips=${TYPES},${FLOODER}=${TYPES}`,
  PDP_SERVICE_PER_SECOND: '20000',
  PDP_ADDRESS_PER_SECOND: '40000',
  PDP_PERSON_PER_MINUTE: '1000',
  PDP_PERSON_BURST: '100',
}
const NO_LIMIT = '1000000'
/** Every limit out of the way. */
const OFF = {
  PDP_CONCURRENT: NO_LIMIT,
  PDP_DECIDING: NO_LIMIT,
  PDP_PERSON_CONCURRENT: NO_LIMIT,
  PDP_PERSON_PER_MINUTE: NO_LIMIT,
  PDP_PERSON_BURST: NO_LIMIT,
  PDP_SERVICE_PER_SECOND: NO_LIMIT,
  PDP_ADDRESS_PER_SECOND: NO_LIMIT,
}

export async function benchOverload(args: readonly string[], print: Print): Promise<void> {
  const { quick, only, defence } = readOptions(args, { quick: false, only: '', defence: 'on,off' })
  const scale = quick ? QUICK : WHOLE
  await using closing = new AsyncDisposableStack()
  const loadBefore = loadavg()[0] ?? 0
  const place = await preparePlace('postgres', closing)
  const world = await furnishPlace(place)
  const flooder = new Flooder()
  closing.defer(() => flooder.stop())
  for (const mode of defence.split(',')) {
    await using pdp = await startPdp(place, mode === 'off' ? OFF : {})
    const attacks = (await prepareAttacks(place, world)).filter(({ name }) => name.includes(only))
    const victims = await victimsOf(pdp.running, place, world)
    print(`\ndefences ${mode}`)
    print(row('flood', 'can do /s', 'sent /s', 'answers', ...victims.map(({ name }) => name)))
    for (const attack of attacks) print(await lineOf({ attack, pdp: pdp.running, victims, flooder, scale }))
  }
  print(`\n${machineLine(machineNow(loadBefore), quick)}`)
}

async function startPdp(place: Place, env: Readonly<Record<string, string>>) {
  const running = await place.startPdp({ env: { ...DEFAULTS, ...env } })
  return { running, [Symbol.asyncDispose]: () => running.stop() }
}

async function victimsOf({ url, token }: RunningPdp, { issuer }: Place, world: World): Promise<readonly Victim[]> {
  const { path, body, isRight } = findQuestion(world, 'chain of 3')
  const person = await issuer.token({ ...world.as('B'), lifetime: 840 })
  // Pools of their own: what one waits for must not be another one's connection.
  const pool = (): Pool => new Pool(url, { connections: 8 })
  return [
    { name: 'decision', perSecond: 10, limitMs: 1_500, once: asking(pool(), path, token, body, isRight) },
    { name: 'grants of a person', perSecond: 2, limitMs: 1_500, once: reading(pool(), '/v1/grants', person) },
    { name: 'probe', perSecond: 2, limitMs: 1_000, once: probing(`${url}/livez`) },
    { name: 'metrics', perSecond: 1, limitMs: 10_000, once: probing(`${url}/metrics`) },
  ]
}

interface Round {
  readonly attack: Attack
  readonly pdp: RunningPdp
  readonly victims: readonly Victim[]
  readonly flooder: Flooder
  readonly scale: Scale
}

async function lineOf({ attack, pdp, victims, flooder, scale }: Round): Promise<string> {
  const port = Number(new URL(pdp.url).port)
  const { name, ...requests } = attack
  const closedLoop = { ...requests, connections: 8, port, perSecond: 0, ms: scale.capacityMs }
  // The first is not measured: code that has not run yet is slow.
  await flooder.flood(closedLoop)
  const closed = await flooder.flood(closedLoop)
  const served = closed.answers['200'] ?? closed.answers['401'] ?? closed.answers['open'] ?? 0
  const capacity = Math.max(1, served / (closed.ms / 1_000))
  await untilCalm(victims)
  const flooding = flooder.flood({ ...requests, port, perSecond: capacity * TIMES, ms: scale.floodMs })
  const suffered = await Promise.all(victims.map((victim) => suffer(victim, scale.floodMs)))
  const flooded = await flooding
  await untilCalm(victims)
  return row(
    name,
    capacity.toFixed(0),
    (flooded.sent / (flooded.ms / 1_000)).toFixed(0),
    answersOf(flooded),
    ...suffered.map(cellOf),
  )
}

/** Waits until the server has done what a flood left behind. */
async function untilCalm([victim]: readonly Victim[]): Promise<void> {
  const end = performance.now() + CALM.withinMs
  for (let inTime = 0; inTime < 3 && performance.now() < end; ) {
    const begin = performance.now()
    const isAnswered = await victim?.once(AbortSignal.timeout(CALM.withinMs)).then(
      () => true,
      () => false,
    )
    inTime = isAnswered && performance.now() - begin < CALM.answerMs ? inTime + 1 : 0
    await sleep(CALM.everyMs)
  }
}

const answersOf = ({ answers, ms }: Flooded): string =>
  Object.entries(answers)
    .map(([status, count]) => `${status}: ${(count / (ms / 1_000)).toFixed(0)}/s`)
    .join(', ')

const cellOf = ({ asked, failed, p50, p99 }: Suffered): string =>
  `${p50.toFixed(0)} / ${p99.toFixed(0)} ms, ${failed} of ${asked}`

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** The flooding process: of its own, so that it does not delay what the victims measure. */
class Flooder {
  readonly #child: ChildProcess = fork(join(import.meta.dirname, 'flooder.ts'))

  async flood(flood: Flood): Promise<Flooded> {
    const answer = once(this.#child, 'message')
    this.#child.send(flood)
    const [flooded] = await answer
    return flooded as Flooded
  }

  async stop(): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.disconnect()
    await exit
  }
}
