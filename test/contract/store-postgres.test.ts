/**
 * What only PostgreSQL has: databases that this release refuses, releases side by side, lost connections, paused writers.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { ConfigError } from '@mandate/service'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Fact } from '../../pdp/src/ports/domain-facts.ts'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import { prepareDatabase } from '../../pdp/src/store/postgres-migrations.ts'
import { MIGRATIONS } from '../../pdp/src/store/postgres-schema.ts'
import type { Database } from '../../pdp/src/store/sql.ts'
import { holdTransaction } from '../fixtures/hold-transaction.ts'
import { aGrant, openPdp } from './pdp-stores.ts'

const PUT = 'INSERT INTO models (store_id, policy, model_id) VALUES ($1, $2, $3)'
const LATEST = MIGRATIONS.length

let postgres: Postgres
let made = 0
let url: string
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())
beforeEach(async () => {
  made += 1
  url = await postgres.createDatabase(`store_${made.toString(2).replaceAll('0', 'o').replaceAll('1', 'i')}`)
})

const sql = (statement: string): Promise<string> => postgres.query(url, statement)

async function connect(): Promise<Database> {
  const database = await openPostgres(url)
  onTestFinished(() => database.close().catch(() => undefined))
  return database
}

const changed = (
  parts: Partial<Pick<URL, 'username' | 'password' | 'hostname' | 'port' | 'pathname' | 'search'>>,
): string => Object.assign(new URL(url), parts).href

const databaseName = (): string => new URL(url).pathname.slice(1)

/** A role that may only connect. */
async function roleUrl(name: string): Promise<string> {
  await sql(`CREATE ROLE ${name} LOGIN PASSWORD 'a-password'`)
  return changed({ username: name, password: 'a-password' })
}

const problemOf = (place: string): Promise<unknown> =>
  openPostgres(place).then(
    (database) => database.close().then(() => 'opened'),
    (error: unknown) => (error instanceof ConfigError ? error.message : error),
  )

test.for([
  ['password', { password: 'wrong' }, /refuses the password of mandate: correct it/],
  ['database', { pathname: '/nowhere' }, /there is no database nowhere on 127.0.0.1: create it/],
  ['host', { hostname: 'nowhere.invalid' }, /there is no host nowhere.invalid: correct the name/],
  ['TLS', { search: '?sslmode=verify-full' }, /no TLS connection to 127.0.0.1/],
] as const)('a URL with a wrong %s is refused, and its password is not repeated', async ([, parts, problem]) => {
  const wrong = changed(parts)
  const refused = await problemOf(wrong)
  expect(refused).toMatch(/^PDP_STORE_URL: /)
  expect(refused).toMatch(problem)
  expect(refused).not.toContain(new URL(wrong).password)
})

test('a server that does not answer is no mistake of the configuration', async () => {
  const nobody = changed({ port: '1' })
  expect(await problemOf(nobody)).toMatchObject({ code: 'relations_unavailable' })
})

test('a role without rights is refused, and so is one that does not own the tables', async () => {
  const place = await roleUrl('without_rights')
  expect(await problemOf(place)).toContain(`GRANT CREATE ON DATABASE "${databaseName()}" TO "without_rights"`)
  await connect()
  await sql('GRANT USAGE ON SCHEMA mandate_pdp TO without_rights')
  await sql('GRANT ALL ON ALL TABLES IN SCHEMA mandate_pdp TO without_rights')
  expect(await problemOf(place)).toMatch(/belongs to mandate: connect as mandate, or as a member of that role/)
  await sql('GRANT mandate TO without_rights')
  expect(await problemOf(place)).toBe('opened')
})

test('a role with the one right that it needs makes its schema and uses it', async () => {
  const place = await roleUrl('with_create')
  await sql(`GRANT CREATE ON DATABASE ${databaseName()} TO with_create`)
  expect(await problemOf(place)).toBe('opened')
})

test.for(['off', 'local', 'remote_write'])('a database with synchronous_commit = %s is refused', async (value) => {
  await sql(`ALTER DATABASE ${databaseName()} SET synchronous_commit = ${value}`)
  expect(await problemOf(url)).toMatch(new RegExp(`synchronous_commit is ${value}.*set it to on`))
})

test('synchronous_commit that is turned off later does not reach a connection, and a new one is not used', async () => {
  const database = await connect()
  await database.change(PUT, 's', 'a', 'm')
  await sql(`ALTER DATABASE ${databaseName()} SET synchronous_commit = off`)
  const pids =
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
  await sql(pids)
  await expect.poll(() => failureOf(database.change(PUT, 's', 'b', 'm'))).toContain('synchronous_commit is off')
})

const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )

test('a database that accepts no writes, as a standby, is away', async () => {
  await connect()
  await sql(`ALTER DATABASE ${databaseName()} SET default_transaction_read_only = on`)
  const database = await connect()
  await expect(database.rows('SELECT 1')).rejects.toMatchObject({ code: 'relations_unavailable' })
})

test('PDPs that start at the same time migrate once', async () => {
  const migrated = await Promise.all(Array.from({ length: 4 }, () => prepareDatabase(url)))
  expect(migrated.map(({ from }) => from).toSorted()).toEqual([0, LATEST, LATEST, LATEST])
  expect(await sql('SELECT count(*) FROM mandate_pdp.schema_versions')).toBe(String(LATEST))
})

test('a migration that fails leaves the database as it was', async () => {
  await prepareDatabase(url)
  const broken = [...MIGRATIONS, { oldest: LATEST, sql: 'CREATE TABLE half (a integer); SELECT * FROM nowhere' }]
  await expect(prepareDatabase(url, broken)).rejects.toThrow('nowhere')
  expect(await sql("SELECT to_regclass('mandate_pdp.half') IS NULL")).toBe('t')
  expect(await prepareDatabase(url)).toEqual({ from: LATEST, to: LATEST })
})

test('a release works beside the next one, and refuses the database of one after that', async () => {
  const old = await openPdp(connect())
  await old.register.proposeAgent({ id: 'x', active: true, serviceSub: undefined, createdAt: 1 })
  expect(await old.register.agent('x')).toMatchObject({ id: 'x' })
  const next = [...MIGRATIONS, { oldest: LATEST, sql: "ALTER TABLE agents ADD COLUMN more text NOT NULL DEFAULT 'a'" }]
  expect(await prepareDatabase(url, next)).toEqual({ from: LATEST, to: LATEST + 1 })
  // Its statements were prepared for the columns from before.
  expect(await old.register.agent('x')).toMatchObject({ id: 'x' })
  await old.register.completeAgent({ id: 'x', active: false, serviceSub: undefined, createdAt: 1 })
  expect((await (await openPdp(connect())).register.agents()).map(({ active }) => active)).toEqual([false])
  const afterNext = [...next, { oldest: LATEST + 1, sql: 'ALTER TABLE agents DROP COLUMN active CASCADE' }]
  await prepareDatabase(url, afterNext)
  expect(await problemOf(url)).toMatch(
    `a newer release has migrated the database to version ${LATEST + 2}, and this release knows ${LATEST}`,
  )
})

test('a lost connection is a fault with a name, in reads, writes and transactions; after it the database is used again', async () => {
  const database = await connect()
  await database.change(PUT, 's', 'a', 'm')
  const asked = Promise.withResolvers<void>()
  const killed = Promise.withResolvers<void>()
  const broken = database.transaction(async (within) => {
    await within.change(PUT, 's', 'b', 'm')
    asked.resolve()
    await killed.promise
    await within.rows('SELECT 1')
  })
  await asked.promise
  await postgres.kill('SIGKILL')
  killed.resolve()
  const unavailable = { code: 'relations_unavailable', detail: 'The database of the PDP does not answer.' }
  await expect(broken).rejects.toMatchObject(unavailable)
  // A process of the killed server may answer once more before it notices.
  const read = () =>
    database.rows('SELECT 1').then(
      () => 'answered',
      (error: unknown) => error,
    )
  await expect.poll(read).toMatchObject(unavailable)
  await expect(database.change(PUT, 's', 'c', 'm')).rejects.toMatchObject(unavailable)
  await expect(database.changeAlone(PUT, 's', 'c', 'm')).rejects.toMatchObject(unavailable)
  await postgres.restart()
  expect(await database.change(PUT, 's', 'd', 'm')).toBe(1)
  const rows = await database.rows('SELECT policy FROM models ORDER BY policy')
  expect(rows.map(({ policy }) => policy)).toEqual(['a', 'd'])
})

test('a paused transaction is ended by the database; those that wait for it are written', async () => {
  const [paused, other] = [await connect(), await connect()]
  const began = Promise.withResolvers<void>()
  const goesOn = Promise.withResolvers<void>()
  const transaction = paused.transaction(async (within) => {
    await within.change(PUT, 's', 'paused', 'm')
    began.resolve()
    await goesOn.promise
    await within.change(PUT, 's', 'late', 'm')
  })
  await began.promise
  expect(await other.change(PUT, 's', 'other', 'm')).toBe(1)
  goesOn.resolve()
  await expect(transaction).rejects.toThrow()
  const rows = await other.rows('SELECT policy FROM models')
  expect(rows.map(({ policy }) => policy)).toEqual(['other'])
  expect(await paused.change(PUT, 's', 'again', 'm')).toBe(1)
})

test('writes that queue behind a locked database fail together; a statement alone does not wait', async () => {
  const [database, other] = [await connect(), await connect()]
  const release = await holdTransaction(other)
  expect(await database.changeAlone(PUT, 's', 'alone', 'm')).toBe(1)
  const writes = Array.from({ length: 5 }, (_, n) => database.change(PUT, 's', String(n), 'm'))
  const results = await Promise.allSettled(writes)
  const codes = results.map((result) => (result.status === 'rejected' ? result.reason.code : 'written'))
  expect(new Set(codes)).toEqual(new Set(['relations_unavailable']))
  await release()
  expect(await database.change(PUT, 's', 'later', 'm')).toBe(1)
})

test('what a transaction has read stays true until it commits, on whichever connection others write', async () => {
  const databases = [await connect(), await connect(), await connect()]
  const count = async (from: Pick<Database, 'rows'>): Promise<number> =>
    (await from.rows('SELECT * FROM models')).length
  const seen = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      databases[n % 3]?.transaction(async (within) => {
        const before = await count(within)
        await pause(1)
        expect(await count(within)).toBe(before)
        await within.change(PUT, 's', String(n), String(before))
        return before
      }),
    ),
  )
  expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 30 }, (_, n) => n))
})

test('a transaction in which a statement failed is not committed, even if its work goes on', async () => {
  const database = await connect()
  const swallowing = database.transaction(async (within) => {
    await within.change(PUT, 's', 'a', 'm')
    await within.change(PUT, 's', 'a', 'm').catch(() => undefined)
  })
  await expect(swallowing).rejects.toThrow('rolled back')
  expect(await database.rows('SELECT 1 FROM models')).toEqual([])
})

test('ids are compared bytewise, whatever the locale of the database is', async () => {
  const database = await connect()
  for (const id of ['b', 'A', 'a', 'B', 'ä', '_', '~']) await database.change(PUT, id, 'p', 'm')
  const rows = await database.rows("SELECT store_id FROM models WHERE store_id > 'A' ORDER BY store_id")
  expect(rows.map((row) => row['store_id'])).toEqual(['B', '_', 'a', 'b', '~', 'ä'])
  const columns = await sql(
    "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'mandate_pdp' AND data_type = 'text' AND collation_name <> 'C'",
  )
  expect(columns).toBe('0')
})

test('the longest ids that a request may have fit into every index', async () => {
  const { register, facts, leases } = await openPdp(connect())
  // Random, since an index compresses what repeats.
  const id = (): string =>
    Array.from({ length: 256 }, () => String.fromCodePoint(0x1_f300 + Math.floor(Math.random() * 700))).join('')
  const part = `workflow_item:${id()}` as const
  const agent = `agent:${id()}` as const
  const grant = aGrant('g1', { delegate: agent, covers: part, scope: { deed: 'd1', part }, asks: id() })
  await register.proposeGrant(grant, 1)
  await register.completeGrant('g1')
  expect(await register.liveDuplicate(grant, 1)).toBe('g1')
  await register.putResource({
    resource: part,
    root: 'workflow:w',
    ancestors: [`workflow:${id()}`],
    owner: 'user:p_a',
    persona: 'p',
    deed: 'd1',
  })
  const fact: Fact = {
    domain: 'd'.repeat(64),
    subject: agent,
    subjectRelation: undefined,
    relation: 'r'.repeat(64),
    resource: part,
    condition: undefined,
  }
  await facts.change([fact], [])
  expect(await facts.about([part])).toEqual([fact])
  expect(await leases.take('transfer', part)).toBe(true)
})

test('a table that others hold is vacuumed instead of rewritten', async () => {
  const [database, backup] = [await connect(), await connect()]
  await database.change(PUT, 's', 'a', 'm')
  await database.change('DELETE FROM models')
  const began = Promise.withResolvers<void>()
  let isScrubbed = false
  // Its lock on the table lasts as long as a backup's would.
  const reading = backup.transaction(async (within) => {
    await within.rows('SELECT * FROM models')
    began.resolve()
    while (!isScrubbed) {
      await within.rows('SELECT 1')
      await pause(20)
    }
  })
  await began.promise
  await database.scrub()
  isScrubbed = true
  await reading
  // A rewrite does not count as a vacuum.
  const vacuumed = (): Promise<string> => sql("SELECT vacuum_count FROM pg_stat_all_tables WHERE relname = 'models'")
  await expect.poll(vacuumed).toBe('1')
})
