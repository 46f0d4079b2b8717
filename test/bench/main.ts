/**
 * `npm run bench`: decisions of a real PDP process beside bare OpenFGA, in one run. `-- --quick` takes less than a minute, `-- --json FILE`
 * writes the rows.
 *
 * @module
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort, type OpenFgaEngine, spawnService, startOpenFga, startPostgres } from '@mandate/stack'
import { Pool } from 'undici'
import { startIssuer } from '../fixtures/issuer.ts'
import { TRIPS } from '../fixtures/pdp.ts'
import { type Ask, World } from '../fixtures/world.ts'
import { type Case, measure, type Row } from './measure.ts'

const { values } = parseArgs({ options: { json: { type: 'string' }, quick: { type: 'boolean', default: false } } })
const plan = values.quick ? { rounds: 3, roundMs: 400 } : { rounds: 5, roundMs: 2_000 }
const engines: readonly OpenFgaEngine[] = values.quick ? ['memory', 'sqlite'] : ['memory', 'sqlite', 'postgres']
const print = (line: string): void => void process.stdout.write(`${line}\n`)

const rows: Row[] = []
for (const engine of engines) rows.push(...(await benchEngine(engine)))
if (values.json) writeFileSync(values.json, JSON.stringify(rows, undefined, 2))
printRows(rows)

/** One engine: its own OpenFGA, its own PDP, the same questions. */
async function benchEngine(engine: OpenFgaEngine): Promise<readonly Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-bench-'))
  const postgres = engine === 'postgres' ? await startPostgres() : undefined
  const openFga = await startOpenFga({ engine, ...(postgres ? { postgresUrl: postgres.url } : {}) })
  const issuer = await startIssuer()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const pdp = await spawnService({
    name: 'pdp',
    entry: 'pdp/src/main.ts',
    readyUrl: `${url}/readyz`,
    logFile: join(dir, 'pdp.log'),
    env: {
      PDP_PORT: String(port),
      PDP_ISSUER: issuer.issuer,
      PDP_DATA_DIR: join(dir, 'pdp'),
      PDP_LOG_ORIGIN: 'bench.invalid/log',
      PDP_SERVICES: 'trips=workflow+workflow_item+travel_account',
      OPENFGA_URL: openFga.url,
      OPENFGA_API_TOKEN: openFga.apiToken,
      OPENFGA_DEADLINE_MS: '5000',
      LOG_LEVEL: 'error',
    },
  })
  const pool = new Pool(url, { connections: 32 })
  const bare = new Pool(openFga.url, { connections: 32 })
  try {
    const world = new World({ now: Date.now, advance: () => undefined, call: caller(pool, issuer.token) })
    await furnish(world)
    openFga.analyze()
    const token = await issuer.token({ ...TRIPS, lifetime: 840 })
    const cases = [...pdpCases(world, pool, token), ...(await bareCases(bare, openFga.apiToken))]
    print(`${engine}: one fdatasync costs ${fsyncCost(dir).toFixed(2)} ms here`)
    const about = { store: engine, tuples: await countTuples(bare, openFga.apiToken) }
    return [
      ...(await measure(cases, { ...plan, connections: 1 }, about)),
      ...(await measure(cases, { ...plan, connections: 32 }, about)),
    ]
  } finally {
    await Promise.all([pool.close(), bare.close()])
    await pdp.stop()
    await openFga.stop()
    await postgres?.stop()
    await issuer.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Chains of one, three and five persons, and an agent at the end of two links. */
async function furnish(world: World): Promise<void> {
  await world.begin()
  const people = ['B', 'P2', 'P3', 'P4', 'P5']
  for (const name of people.slice(1)) await world.persona(name, 'travel-agent/acme')
  let from = 'A'
  let parent: string | undefined
  for (const [index, to] of people.entries()) {
    const name = `g${index}`
    const persona = index === 0 ? 'traveler/family' : 'travel-agent/acme'
    // A second's difference each: a child lasts no longer than its parent.
    const step = {
      name,
      from,
      to,
      persona,
      actions: ['read', 'execute'],
      redelegations: 5 - index,
      seconds: 86_400 - index,
      ...(parent ? { parent } : {}),
    }
    const answer = await world.grant(step)
    if (answer.status !== 201) throw new Error(`bench: grant ${name}: ${answer.status} ${answer.text}`)
    from = to
    parent = name
  }
  const agent = await world.grant({ from: 'B', to: 'X', parent: 'g0', actions: ['execute'], seconds: 80_000 })
  if (agent.status !== 201) throw new Error(`bench: agent: ${agent.status} ${agent.text}`)
}

function pdpCases(world: World, pool: Pool, token: string): readonly Case[] {
  const agent = 'travel-agent/acme'
  const asks: readonly (readonly [string, boolean, Ask])[] = [
    ['owner in person', true, { subject: 'A', action: 'execute', item: 'flight' }],
    ['chain of 1', true, { subject: 'B', action: 'execute', item: 'flight' }],
    ['chain of 3', true, { subject: 'P3', persona: agent, action: 'execute', item: 'flight' }],
    ['chain of 5', true, { subject: 'P5', persona: agent, action: 'execute', item: 'flight' }],
    ['agent, chain of 2, gates', true, { subject: 'B', actor: 'X', action: 'execute', item: 'flight' }],
    ['denial, no grant', false, { subject: 'S', action: 'execute', item: 'flight' }],
  ]
  return asks.map(([name, expected, ask]) => {
    const body = JSON.stringify(world.question(ask))
    return {
      name,
      system: 'mandate',
      once: async () => {
        const answer = await post(pool, '/access/v1/evaluation', token, body)
        if (answer['decision'] !== expected) throw new Error(`${name}: ${JSON.stringify(answer)}`)
      },
    }
  })
}

/** The cheapest question there is to OpenFGA, and one edge of a chain with its condition. */
async function bareCases(pool: Pool, token: string): Promise<readonly Case[]> {
  const { stores } = (await get(pool, '/stores', token)) as { readonly stores: readonly { readonly id: string }[] }
  const store = `/stores/${stores[0]?.id}`
  const { tuples } = (await post(pool, `${store}/read`, token, '{"page_size":100}')) as {
    readonly tuples: readonly { readonly key: Key }[]
  }
  const active = tuples.find(({ key }) => key.relation === 'active')
  const edge = tuples.find(({ key }) => key.relation === 'root')
  if (!active || !edge) throw new Error('bench: no tuples to ask about')
  const link = edge.key.condition.context
  const context = {
    current_time: new Date().toISOString(),
    action: 'execute',
    within: [link['scope']],
    standing: [link['giver']],
    limited: true,
    attributes: {},
  }
  const check = (name: string, key: Key, more: object): Case => {
    const body = JSON.stringify({
      tuple_key: { user: key.user, relation: key.relation, object: key.object },
      consistency: 'HIGHER_CONSISTENCY',
      ...more,
    })
    return {
      name,
      system: 'openfga',
      once: async () => {
        const answer = await post(pool, `${store}/check`, token, body)
        if (answer['allowed'] !== true) throw new Error(`bench: ${name}: ${JSON.stringify(answer)}`)
      },
    }
  }
  return [check('bare Check', active.key, {}), check('bare Check of a link', edge.key, { context })]
}

interface Key {
  readonly user: string
  readonly relation: string
  readonly object: string
  readonly condition: { readonly context: Readonly<Record<string, unknown>> }
}

async function countTuples(pool: Pool, token: string): Promise<number> {
  const { stores } = (await get(pool, '/stores', token)) as { readonly stores: readonly { readonly id: string }[] }
  let count = 0
  let next = ''
  do {
    const page = await post(
      pool,
      `/stores/${stores[0]?.id}/read`,
      token,
      JSON.stringify({ page_size: 100, continuation_token: next }),
    )
    count += (page['tuples'] as readonly unknown[]).length
    next = String(page['continuation_token'] ?? '')
  } while (next)
  return count
}

type Json = Readonly<Record<string, unknown>>

async function post(pool: Pool, path: string, token: string, body: string): Promise<Json> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const response = await pool.request({ method: 'POST', path, headers, body })
  return (await response.body.json()) as Json
}

async function get(pool: Pool, path: string, token: string): Promise<Json> {
  const response = await pool.request({ method: 'GET', path, headers: { authorization: `Bearer ${token}` } })
  return (await response.body.json()) as Json
}

/** What a world needs of a PDP. */
function caller(pool: Pool, tokenFor: (claims: typeof TRIPS) => Promise<string>): World['tpdp']['call'] {
  return async (method, path, { as, body } = {}) => {
    const token = typeof as === 'string' ? as : await tokenFor(as ?? TRIPS)
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const response = await pool.request({
      method: method as 'POST',
      path,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.body.text()
    return {
      status: response.statusCode,
      headers: new Headers(),
      text,
      body: text === '' ? undefined : JSON.parse(text),
    }
  }
}

/** The median of fifty, in milliseconds. */
function fsyncCost(dir: string): number {
  const file = openSync(join(dir, 'fsync'), 'w')
  const costs = Array.from({ length: 50 }, () => {
    writeSync(file, Buffer.alloc(512, 1))
    const begin = performance.now()
    fdatasyncSync(file)
    return performance.now() - begin
  })
  closeSync(file)
  return costs.sort((a, b) => a - b)[25] ?? 0
}

function printRows(all: readonly Row[]): void {
  for (const engine of engines) {
    for (const connections of [1, 32]) {
      const these = all.filter((row) => row.store === engine && row.connections === connections)
      const bare = these.find((row) => row.case === 'bare Check of a link')
      print(`\n${engine}, ${these[0]?.tuples} tuples, ${connections} connection(s)`)
      print(
        `  ${'case'.padEnd(28)}${'rps'.padStart(9)}${'p50 ms'.padStart(9)}${'p95 ms'.padStart(9)}${'p99 ms'.padStart(9)}  × bare Check of a link`,
      )
      for (const row of these)
        print(
          `  ${row.case.padEnd(28)}${row.rps.toFixed(0).padStart(9)}${row.p50_ms.toFixed(2).padStart(9)}${row.p95_ms.toFixed(2).padStart(9)}${row.p99_ms.toFixed(2).padStart(9)}  ${(row.p50_ms / (bare?.p50_ms ?? 1)).toFixed(1)}`,
        )
    }
  }
}
