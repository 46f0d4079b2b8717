/**
 * What the decision log adds to a decision: two PDPs on one OpenFGA, the same question to each in turn; the log of one is written nowhere.
 *
 * @module
 */
import { Pool } from 'undici'
import { TRIPS } from '../fixtures/pdp.ts'
import { askPdp, type Endpoint } from './cases.ts'
import { type Ground, prepareGround, syncCost } from './ground.ts'
import { type Case, measure } from './measure.ts'
import { furnish, questions } from './story.ts'

/** Budget: the time of a decision with the log on, as a multiple of that with it off, and one sync. */
const RATIO = 1.5
const ASKED = ['owner', 'chain of 3', 'denial']
const LIFETIME = 840
const WHOLE = { rounds: 9, roundMs: 500, warmMs: 2_000 }
const QUICK = { rounds: 3, roundMs: 100, warmMs: 500 }

export async function benchLogPrice(isQuick: boolean, print: (line: string) => void): Promise<void> {
  const ground = await prepareGround('memory')
  try {
    const begun = await ground.startPdp(ground.openFga.url)
    const world = await furnish(ground)
    await begun.stop()
    const unlogged = await ground.startUnlogged(ground.openFga.url)
    const logged = await ground.startPdp(ground.openFga.url)
    const endpoints = { on: await endpointOf(ground, ground.pdpUrl), off: await endpointOf(ground, unlogged.url) }
    const cases = questions(world, { resources: 0, visible: 0, held: 0 })
      .filter(({ name }) => ASKED.includes(name))
      .flatMap((asked): readonly Case[] => [
        { name: `${asked.name} on`, system: 'mandate', calls: 1, once: () => askPdp(endpoints.on, asked) },
        { name: `${asked.name} off`, system: 'mandate', calls: 1, once: () => askPdp(endpoints.off, asked) },
      ])
    const plan = { ...(isQuick ? QUICK : WHOLE), mostCalls: 100, connections: 1 }
    const rows = await measure(cases, plan, { store: 'memory', tuples: 0 })
    await Promise.all([endpoints.on.pool.close(), endpoints.off.pool.close(), logged.stop(), unlogged.service.stop()])
    report(new Map(rows.map(({ case: name, p50_ms }) => [name, p50_ms])), print)
  } finally {
    await ground.stop()
  }
}

async function endpointOf({ issuer }: Ground, url: string): Promise<Endpoint> {
  return { pool: new Pool(url), token: await issuer.token({ ...TRIPS, lifetime: LIFETIME }) }
}

function report(p50: ReadonlyMap<string, number>, print: (line: string) => void): void {
  const sync = syncCost()
  print(`\ndecision    p50, log on  log off  at most (${RATIO} × off + a sync of ${sync.toFixed(2)} ms)`)
  for (const name of ASKED) {
    const on = p50.get(`${name} on`) ?? Number.NaN
    const off = p50.get(`${name} off`) ?? Number.NaN
    const most = off * RATIO + sync
    const cells = [`${on.toFixed(2)} ms`, `${off.toFixed(2)} ms`, `${most.toFixed(2)} ms`]
    print(`${name.padEnd(14)} ${cells.map((cell) => cell.padStart(8)).join('  ')}   ${on <= most ? 'met' : 'MISSED'}`)
  }
}
