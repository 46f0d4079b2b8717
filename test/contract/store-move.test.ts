/**
 * `npm run store`: the move of every kind of row from SQLite to PostgreSQL, and what it refuses.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { runStoreCommand } from '../../pdp/src/cli/store-command.ts'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { VaultKeys } from '../../pdp/src/store/encryption.ts'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import { openSqlite } from '../../pdp/src/store/sqlite.ts'
import { createStores } from '../../pdp/src/store/stores.ts'
import { TUPLE_TABLES } from '../../pdp/src/store/tuples.ts'

const KEY = 'ab'.repeat(32)
const keys = (): VaultKeys => new VaultKeys(Buffer.from(KEY, 'hex'))
const ISSUER = 'https://id.example'
/** Filled by the stores themselves, or only in databases of older releases. */
const SPECIAL = ['identity', 'salts', 'vault', 'notices', 'people', 'open_notices']
/** Columns that are 0 or 1. */
const FLAGS = ['active', 'settled', 'recorded', 'swept', 'holds_key', 'decided', 'disabled']
/** More than one batch of the move. */
const MANY = 1_203

let postgres: Postgres
let made = 0
let url: string
let dir: string
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())
beforeEach(async () => {
  made += 1
  url = await postgres.createDatabase(`move_${made.toString(2).replaceAll('0', 'o').replaceAll('1', 'i')}`)
  dir = mkdtempSync(join(tmpdir(), 'mandate-move-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
})

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function store(argv: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const said = { out: '', err: '' }
  const code = await runStoreCommand(argv, {
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    environment: { PDP_STORE_URL: url, PDP_VAULT_KEY: KEY, ...more },
    now: () => 0,
  })
  return { code, ...said }
}
const move = (more?: Readonly<Record<string, string>>): Promise<Ran> => store(['move', dir], more)
const count = (table: string): Promise<string> => postgres.query(url, `SELECT count(*) FROM mandate_pdp.${table}`)

function inFile<T>(work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(dir, 'pdp.db'))
  try {
    return work(database)
  } finally {
    database.close()
  }
}

/** A database with people, and rows of every table with every kind of value: names of its tables. */
async function filled(): Promise<readonly string[]> {
  const database = openSqlite(join(dir, 'pdp.db'))
  const { vault, people } = await createStores(database, { clock: () => 1, keys: keys() })
  for (const sub of ['anna', 'bert']) await vault.pseudonymOf(ISSUER, sub)
  const erasure = { id: 'e1', person: await vault.pseudonymOf(ISSUER, 'gone'), by: 'user:p_a', at: 5 } as const
  await people.putErasure(erasure)
  await people.completeErasure(erasure, await vault.erase(erasure.person), ['trips', 'care'])
  await database.close()
  return inFile((file) => {
    const names = file.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all()
    const tables = names.map(({ name }) => String(name)).filter((name) => ![...SPECIAL, ...TUPLE_TABLES].includes(name))
    for (const table of tables) fill(file, table)
    return tables
  })
}

function fill(file: DatabaseSync, table: string): void {
  const columns = file
    .prepare(`PRAGMA table_xinfo(${table})`)
    .all()
    .filter(({ hidden }) => hidden === 0)
  const isSingle = columns.some(({ name }) => name === 'one')
  const rows = isSingle ? 1 : table === 'models' ? MANY : 3
  const insert = file.prepare(`INSERT INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`)
  for (let row = 1; row <= rows; row += 1)
    insert.run(...columns.map((column) => aValue(column, row, isSingle || column['notnull'] === 1 || row !== 2)))
}

function aValue({ name, type }: Record<string, unknown>, row: number, isSet: boolean): SQLInputValue {
  if (name === 'body') return JSON.stringify({ scope: `deed~d${row}`, text: 'a "quoted" \u0001 text' })
  if (name === 'plan') return JSON.stringify({ exchanged: [], by: 'user:p_a', at: row })
  if (!isSet) return null
  if (FLAGS.includes(String(name))) return row % 2
  if (type === 'INTEGER') return name === 'one' ? 1 : row * 1_000_000_007_000
  if (type === 'BLOB') return Uint8Array.of(0, row, 255, 0)
  return `${String(name)} ${row} ä 𝕏 '\\ \n`
}

test('every row of every table is moved, and the file is not used any more', async () => {
  const tables = await filled()
  const identity = inFile((file) => file.prepare('SELECT id FROM identity').get()?.['id'])
  const { code, out, err } = await move()
  expect([code, err]).toEqual([0, ''])
  for (const table of tables) expect(out).toMatch(new RegExp(`^${table} +[1-9]`, 'mu'))
  expect(out).toMatch(/^models +1203$/mu)
  expect(out, 'tables without rows are not listed').not.toMatch(/ 0$/mu)
  expect(out).toMatch(/^\d+ rows of \d+ tables moved, and compared row by row; \d+ tables are empty\.$/mu)
  expect(await count('models')).toBe(String(MANY))
  expect(await postgres.query(url, 'SELECT id FROM mandate_pdp.identity')).toBe(identity)
  const database = await openPostgres(url)
  onTestFinished(() => database.close())
  const { vault, people } = await createStores(database, { clock: () => 1, keys: keys() })
  expect(await vault.known(ISSUER, 'anna')).toMatch(/^user:p_/u)
  expect(await vault.known(ISSUER, 'gone')).toBeUndefined()
  expect(await people.notices('trips', '', 10)).toMatchObject([{ id: 'e1', sub: 'gone' }])
  expect(() => openSqlite(join(dir, 'pdp.db'))).toThrow(
    /PDP_DATA_DIR: pdp.db was moved to PostgreSQL \(127.0.0.1:\d+\/move_\w+\) at 1970-01-01T00:00:00.000Z, and is out of date: set PDP_STORE_URL/u,
  )
  expect(await move()).toMatchObject({ code: 78, err: expect.stringContaining('was moved to PostgreSQL') })
})

test('a move that was cut off after its commit is finished by the next one', async () => {
  await filled()
  await move()
  const unmark = inFile((file) => String(file.prepare('SELECT version FROM moved').get()?.['version']))
  inFile((file) => file.exec(`DROP TABLE moved; PRAGMA user_version = ${unmark}`))
  expect(await move()).toMatchObject({ code: 0, out: expect.stringContaining('were moved before, and are equal') })
  inFile((file) => file.exec(`DROP TABLE moved; PRAGMA user_version = ${unmark}`))
  await postgres.query(url, "UPDATE mandate_pdp.holds SET at = at + 1 WHERE person LIKE 'person 3%'")
  expect(await move()).toMatchObject({
    code: 65,
    err: 'refused: row 3 of holds came back different (at): nothing was moved\n',
  })
})

test('a file whose relationship tuples are in it is refused, until another store has them', async () => {
  await filled()
  inFile((file) => file.exec("INSERT INTO tuples (object, relation, user) VALUES ('a:1', 'b', 'c:1')"))
  expect(await move()).toMatchObject({
    code: 65,
    err: 'refused: the relationship tuples are in this file (ENGINE=embedded). Move them first: npm run store -- to-openfga URL DIR\n',
  })
  // As `npm run store -- to-openfga` leaves the file: marked, without the tuples.
  inFile((file) => file.exec("INSERT INTO tuples_moved VALUES (1, 'openfga.example', 'now'); DELETE FROM tuples"))
  expect(await move()).toMatchObject({ code: 0 })
})

test('a text with a character that PostgreSQL cannot store is moved without it', async () => {
  await filled()
  inFile((file) => file.prepare("UPDATE grants SET revoke_reason = ? WHERE id LIKE 'id 1%'").run('a\u0000b'))
  expect((await move()).code).toBe(0)
  const reason = "SELECT revoke_reason FROM mandate_pdp.grants WHERE id LIKE 'id 1%'"
  expect(await postgres.query(url, reason)).toBe('a\ufffdb')
})

test('a database that is not empty is refused, and stays as it is', async () => {
  await filled()
  expect(await store(['migrate'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^schema of 127\.0\.0\.1:\d+\/\w+ migrated from 0 to \d+\n$/u),
  })
  await postgres.query(url, "INSERT INTO mandate_pdp.holds VALUES ('p', 'q', 1)")
  expect(await move()).toMatchObject({
    code: 65,
    err: 'refused: the PostgreSQL database is not empty: its table holds has rows. Move to an empty one\n',
  })
  expect([await count('holds'), await count('models')]).toEqual(['1', '0'])
  openSqlite(join(dir, 'pdp.db')).close()
})

test('a PDP that runs on the file is to be stopped first, and so is any other writer', async () => {
  await filled()
  mkdirSync(join(dir, 'log'))
  const unlock = await nodeFiles().lock(join(dir, 'log', 'lock'))
  expect(await move()).toMatchObject({ code: 65, err: `refused: a PDP runs on ${dir}: stop it first\n` })
  unlock()
  rmSync(join(dir, 'log', 'lock'))
  mkdirSync(join(dir, 'log', 'lock'))
  expect(await move()).toMatchObject({ code: 65, err: expect.stringContaining(`${dir} cannot be locked: EISDIR`) })
  rmSync(join(dir, 'log', 'lock'), { recursive: true })
  const writer = new DatabaseSync(join(dir, 'pdp.db'))
  writer.exec('BEGIN IMMEDIATE')
  const path = join(dir, 'pdp.db')
  expect(await move()).toMatchObject({
    code: 65,
    err: `refused: ${path} is in use by another process: stop it first\n`,
  })
  writer.close()
  expect((await move()).code).toBe(0)
})

test('a vault key that is missing or another one is named', async () => {
  await filled()
  expect(await move({ PDP_VAULT_KEY: '' })).toMatchObject({
    code: 78,
    err: expect.stringMatching(/PDP_VAULT_KEY: set it or PDP_VAULT_KEY_COMMAND: .*Use the key that/u),
  })
  const other = await move({ PDP_VAULT_KEY: 'cd'.repeat(32) })
  expect(other).toMatchObject({ code: 65, err: expect.stringContaining('a key that is not configured') })
  expect((await move()).code).toBe(0)
})

test.for([
  [[], 64, 'Name a command.'],
  [['copy'], 64, 'There is no command copy.'],
  [['move'], 64, 'move: name the data directory'],
  [['migrate', 'x'], 64, 'migrate takes no argument: x'],
  [['--url', 'x'], 64, "Unknown option '--url'"],
  [['move', '/nowhere'], 65, 'there is no file /nowhere/pdp.db'],
] as const)('npm run store -- %s: exit %i', async ([argv, code, message]) => {
  expect(await store(argv)).toMatchObject({ code, err: expect.stringContaining(message) })
})

test('migrate names both versions, and refuses what it cannot use', async () => {
  await store(['migrate'])
  expect(await store(['migrate'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^schema of 127\.0\.0\.1:\d+\/move_\w+ has version \d+: nothing to/u),
  })
  expect(await store(['migrate'], { PDP_STORE_URL: 'mysql://x' })).toMatchObject({
    code: 78,
    err: expect.stringContaining('PDP_STORE_URL: must be a postgres URL'),
  })
  await postgres.query(url, 'INSERT INTO mandate_pdp.schema_versions VALUES (999, 999)')
  expect(await store(['migrate'])).toMatchObject({ code: 78, err: expect.stringContaining('start the newer release') })
  const nobody = Object.assign(new URL(url), { port: '1' }).href
  expect((await store(['migrate'], { PDP_STORE_URL: nobody })).code).toBe(69)
})
