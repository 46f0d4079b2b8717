/**
 * The servers that every other test stands on: what survives a crash, and what keeps strangers out.
 */
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenFga, type Postgres, startOpenFga, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const stores = z.object({ stores: z.array(z.object({ name: z.string() })) })

let postgres: Postgres

beforeAll(async () => {
  postgres = await startPostgres()
})

afterAll(() => postgres.stop())

async function createStore(server: OpenFga, name: string): Promise<void> {
  const response = await call(server, server.apiToken, JSON.stringify({ name }))
  expect(response.status).toBe(201)
}

async function storeNames(server: OpenFga): Promise<string[]> {
  const response = await call(server, server.apiToken)
  return stores.parse(await response.json()).stores.map(({ name }) => name)
}

function call({ url }: OpenFga, token: string, body?: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return fetch(`${url}/stores`, { headers, ...(body === undefined ? {} : { method: 'POST', body }) })
}

describe.for([
  ['memory', []],
  ['sqlite', ['kept']],
  ['postgres', ['kept']],
] as const)('OpenFGA on %s', ([engine, survivors]) => {
  let server: OpenFga

  beforeAll(async () => {
    server = await startOpenFga({ engine, postgresUrl: postgres.url, env: {} })
  })

  afterAll(() => server.stop())

  test('nobody gets in without the key', async () => {
    expect((await call(server, 'wrong')).status).toBe(401)
  })

  test('after SIGKILL it comes back on the same address with what it had acknowledged', async () => {
    await createStore(server, 'kept')
    const before = { url: server.url, pid: server.pid() }
    await server.kill()
    await expect(fetch(server.url)).rejects.toThrow()
    await server.restart()
    expect(server.url).toBe(before.url)
    expect(server.pid()).not.toBe(before.pid)
    expect(await storeNames(server)).toEqual(survivors)
  })

  test('statistics can be gathered while it serves', async () => {
    server.analyze()
    expect(await storeNames(server)).toEqual(survivors)
  })
})

test('with statistics of SQLite, several tuples can still be taken out at once', async () => {
  const server = await startOpenFga({ engine: 'sqlite', env: {} })
  onTestFinished(() => server.stop())
  const post = async (path: string, body: object) => {
    const headers = { authorization: `Bearer ${server.apiToken}`, 'content-type': 'application/json' }
    const response = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as { readonly id?: string } }
  }
  const store = (await post('/stores', { name: 'many' })).body.id
  const direct = { directly_related_user_types: [{ type: 'user' }] }
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const relations = Object.fromEntries(names.map((name) => [name, { this: {} }]))
  const metadata = { relations: Object.fromEntries(names.map((name) => [name, direct])) }
  const types = [{ type: 'user' }, { type: 'doc', relations, metadata }]
  await post(`/stores/${store}/authorization-models`, { schema_version: '1.1', type_definitions: types })
  const tuples = Array.from({ length: 39 }, (_, index) => ({
    user: `user:u${index % 9}`,
    relation: names[index % 7],
    object: `doc:${index}`,
  }))
  await post(`/stores/${store}/write`, { writes: { tuple_keys: tuples } })
  server.analyze()
  const write = { writes: { tuple_keys: [{ ...tuples[0], object: 'doc:new' }] } }
  const taken = await post(`/stores/${store}/write`, { ...write, deletes: { tuple_keys: tuples.slice(0, 2) } })
  expect(taken).toEqual({ status: 200, body: {} })
})

test('a folder of our own is kept private, and kept', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mandate-openfga-test-'))
  const server = await startOpenFga({ engine: 'sqlite', dataDir, env: {} })
  await server.stop()
  for (const name of ['openfga.sqlite', 'openfga.log']) {
    expect(statSync(join(dataDir, name)).mode & 0o077).toBe(0)
  }
  expect(existsSync(join(dataDir, 'openfga.sqlite'))).toBe(true)
  await rm(dataDir, { recursive: true })
})

test('PostgreSQL plans every statement for its own values, and outlives a crash', async () => {
  const url = await postgres.createDatabase('another')
  await postgres.kill()
  await postgres.restart()
  const server = await startOpenFga({ engine: 'postgres', postgresUrl: url, env: {} })
  await createStore(server, 'one')
  await server.stop()
  expect(await postgres.query(url, 'SHOW plan_cache_mode')).toBe('force_custom_plan')
})
