/**
 * `npm run bench` without a name: decisions of a real PDP process beside OpenFGA asked directly, in one run.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { OpenFgaEngine } from '@mandate/stack'
import { Pool } from 'undici'
import { TRIPS } from '../fixtures/pdp.ts'
import type { World } from '../fixtures/world.ts'
import { askPdp, bareCases, type Endpoint, pairs, type Recorded } from './cases.ts'
import { send } from './client.ts'
import { crowdOf, findStar, loadCrowd, type Size, type Star } from './crowd.ts'
import { type Ground, prepareGround, residentMb, syncCost } from './ground.ts'
import { measure } from './measure.ts'
import { type Options, parseOptions } from './options.ts'
import { startRecorder } from './recorder.ts'
import { budgets, type Setup, tables } from './report.ts'
import { busyAgent, furnish, questions } from './story.ts'

/** Longer than the rounds of one number of connections take, shorter than the PDP refuses. */
const TOKEN_SECONDS = 840
/** After a start, before its memory is read. */
const IDLE_MS = 2_000
/** As many as the PDP has to OpenFGA. */
const CONNECTIONS = 64

export async function benchOpenFga(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { json, stores, ...plan } = parseOptions(args)
  const setups: Setup[] = []
  for (const store of stores) {
    for await (const setup of benchStore(store, plan)) {
      setups.push(setup)
      for (const line of tables(setup)) print(line)
    }
  }
  for (const line of budgets(setups, syncCost())) print(line)
  if (json)
    writeFileSync(
      json,
      JSON.stringify(
        setups.flatMap(({ rows }) => rows),
        undefined,
        2,
      ),
    )
}

type Plan = Omit<Options, 'json' | 'stores'>

/** One database under OpenFGA: the same people, and a crowd that grows from size to size. */
async function* benchStore(store: OpenFgaEngine, plan: Plan): AsyncGenerator<Setup> {
  const ground = await prepareGround(store)
  const openFga: Endpoint = {
    pool: new Pool(ground.openFga.url, { connections: CONNECTIONS }),
    token: ground.openFga.apiToken,
  }
  try {
    const first = await ground.startPdp(ground.openFga.url)
    const world = await furnish(ground)
    await first.stop()
    const star = await findStar(ground, world.id('A'), 'traveler', 'family')
    const path = await findStore(ground)
    let tuples = await countTuples(openFga, path)
    let size: Size = { resources: 0, visible: 0, held: 0 }
    for (const next of plan.sizes) {
      tuples += await loadCrowd(ground, openFga.pool, path, crowdOf(next, size, star, busyAgent(world)))
      size = next
      yield { store, tuples, ...(await benchSize(ground, openFga, { world, star, size, tuples }, plan)) }
    }
  } finally {
    await openFga.pool.close()
    await ground.stop()
  }
}

interface Scene {
  readonly world: World
  readonly star: Star
  readonly size: Size
  readonly tuples: number
}

async function benchSize(
  ground: Ground,
  openFga: Endpoint,
  scene: Scene,
  { rounds, roundMs, warmMs, mostCalls }: Plan,
): Promise<Omit<Setup, 'store' | 'tuples'>> {
  const recorded = await record(ground, scene)
  const service = await ground.startPdp(ground.openFga.url)
  const pool = new Pool(ground.pdpUrl, { connections: CONNECTIONS })
  try {
    await delay(IDLE_MS)
    const idleMb = residentMb(service.pid())
    const rows = []
    // The many first: they warm it for the one.
    for (const connections of [32, 1]) {
      const pdp = { pool, token: await callerToken(ground) }
      const bare = bareCases(openFga, recorded, scene.star, scene.size.visible)
      const cases = [...pairs(pdp, openFga, recorded), ...bare]
      rows.push(
        ...(await measure(
          cases,
          { rounds, roundMs, warmMs, mostCalls, connections },
          { store: ground.engine, tuples: scene.tuples },
        )),
      )
    }
    const roundTrips = new Map(recorded.map(({ asked, waves }) => [asked.name, waves.length]))
    return { rows, roundTrips, idleMb }
  } finally {
    await pool.close()
    await service.stop()
  }
}

const callerToken = (ground: Ground): Promise<string> => ground.issuer.token({ ...TRIPS, lifetime: TOKEN_SECONDS })

/** Asks each question twice: what is asked the second time is what a PDP asks that remembers what it may. */
async function record(ground: Ground, { world, size }: Scene): Promise<readonly Recorded[]> {
  const recorder = await startRecorder(ground.openFga.url)
  const service = await ground.startPdp(recorder.url)
  const pdp: Endpoint = { pool: new Pool(ground.pdpUrl), token: await callerToken(ground) }
  try {
    const recorded: Recorded[] = []
    for (const asked of questions(world, size)) {
      await askPdp(pdp, asked)
      recorded.push({ asked, waves: await recorder.during(() => askPdp(pdp, asked)) })
    }
    return recorded
  } finally {
    await pdp.pool.close()
    await service.stop()
    await recorder.stop()
  }
}

async function findStore(ground: Ground): Promise<string> {
  const headers = { authorization: `Bearer ${ground.openFga.apiToken}` }
  const answer = await fetch(`${ground.openFga.url}/stores`, { headers })
  const { stores } = (await answer.json()) as { readonly stores: readonly { readonly id: string }[] }
  return `/stores/${stores[0]?.id}`
}

async function countTuples({ pool, token }: Endpoint, path: string): Promise<number> {
  let count = 0
  let next = ''
  do {
    const page = await send(pool, `${path}/read`, token, JSON.stringify({ page_size: 100, continuation_token: next }))
    count += (page['tuples'] as readonly unknown[]).length
    next = String(page['continuation_token'] ?? '')
  } while (next)
  return count
}
