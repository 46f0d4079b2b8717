/**
 * Moves a SQLite database to an empty PostgreSQL database: all rows in one transaction, compared row by row before it is committed.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Client } from 'pg'
import { lockWrites } from './postgres.ts'
import { prepareDatabase } from './postgres-migrations.ts'
import { prepareSession, SCHEMA, storeErrorOf, withMaintenanceClient } from './postgres-session.ts'
import { TUPLE_TABLES } from './tuples.ts'

/** Rows of one INSERT, and of one FETCH. */
const BATCH = 500

export interface MovedTable {
  readonly name: string
  readonly rows: number
}

export interface Moved {
  readonly tables: readonly MovedTable[]
  /** `true` when an earlier move was committed already, and its rows are equal to those of the file. */
  readonly wasThere: boolean
}

/** The move was refused; PostgreSQL is as it was. The message is for the operator. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused'
}

/**
 * Copies all rows and the identity of the database.
 *
 * @param source - Locked by the caller, so that no row changes, and at this release's schema.
 * @throws MoveRefused for a file with relationship tuples, a database that holds other rows, or rows that came back different; ConfigError and Fault as `prepareDatabase`; Error of
 *   SQLite.
 */
export async function moveToPostgres(source: DatabaseSync, url: string): Promise<Moved> {
  requireNoTuples(source)
  await prepareDatabase(url)
  const tables = tablesOf(source)
  return withMaintenanceClient(url, async (client) => {
    await prepareSession(client)
    await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0')
    await client.query('BEGIN')
    await lockWrites(client)
    const wasThere = await isMoved(client, source, tables)
    if (!wasThere) {
      await client.query(`DELETE FROM ${SCHEMA}.identity`)
      for (const table of tables) await copyRows(client, source, table)
    }
    const moved: MovedTable[] = []
    for (const table of tables) moved.push({ name: table.name, rows: await compareRows(client, source, table) })
    await client.query('COMMIT')
    return { tables: moved, wasThere }
  }).catch((error: unknown) => {
    const isOurs = error instanceof MoveRefused || (error instanceof Error && 'errcode' in error)
    throw isOurs ? error : storeErrorOf(error)
  })
}

/** PostgreSQL is for several PDPs, whose tuples are in OpenFGA. */
function requireNoTuples(source: DatabaseSync): void {
  if (source.prepare('SELECT 1 FROM tuples LIMIT 1').get())
    throw new MoveRefused(
      'the relationship tuples are in this file (ENGINE=embedded). Move them first: npm run store -- to-openfga URL DIR',
    )
}

interface Table {
  readonly name: string
  /** Without generated ones. */
  readonly columns: readonly string[]
  readonly key: readonly string[]
}

function tablesOf(source: DatabaseSync): readonly Table[] {
  const names = source.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all()
  return names
    .map(({ name }) => String(name))
    .filter((name) => !TUPLE_TABLES.includes(name))
    .toSorted()
    .map((name) => {
      const columns = source.prepare(`PRAGMA table_xinfo(${name})`).all()
      const key = columns.filter(({ pk }) => Number(pk) > 0).toSorted((a, b) => Number(a['pk']) - Number(b['pk']))
      return {
        name,
        columns: columns.filter(({ hidden }) => Number(hidden) === 0).map((column) => String(column['name'])),
        key: key.map((column) => String(column['name'])),
      }
    })
}

/** Whether the rows of this file were moved already. @throws MoveRefused when the database holds rows of another PDP. */
async function isMoved(client: Client, source: DatabaseSync, tables: readonly Table[]): Promise<boolean> {
  const { rows } = await client.query<{ id: string }>('SELECT id FROM identity')
  if (rows[0]?.id === source.prepare('SELECT id FROM identity').get()?.['id']) return true
  for (const { name } of tables) {
    // allowed: sql: names of tables and columns are those of this program's own schema.
    const found = name === 'identity' ? undefined : (await client.query(`SELECT 1 FROM ${name} LIMIT 1`)).rowCount
    if (found)
      throw new MoveRefused(`the PostgreSQL database is not empty: its table ${name} has rows. Move to an empty one`)
  }
  return false
}

async function copyRows(client: Client, source: DatabaseSync, { name, columns }: Table): Promise<void> {
  let batch: unknown[][] = []
  const flush = async (): Promise<void> => {
    const places = batch.map((_, row) => `(${columns.map((__, at) => `$${row * columns.length + at + 1}`).join(', ')})`)
    if (batch.length > 0)
      // allowed: sql: names of tables and columns are those of this program's own schema.
      await client.query(`INSERT INTO ${name} (${columns.join(', ')}) VALUES ${places.join(', ')}`, batch.flat())
    batch = []
  }
  // allowed: sql: names of tables and columns are those of this program's own schema.
  for (const row of source.prepare(`SELECT ${columns.join(', ')} FROM ${name}`).iterate()) {
    batch.push(columns.map((column) => storable(row[column])))
    if (batch.length === BATCH) await flush()
  }
  await flush()
}

/** Reads both tables in the order of their keys. @returns The number of rows. @throws MoveRefused naming the first that differs. */
async function compareRows(client: Client, source: DatabaseSync, table: Table): Promise<number> {
  const { name, columns, key } = table
  // allowed: sql: names of tables and columns are those of this program's own schema.
  const select = `SELECT ${columns.join(', ')} FROM ${name} ORDER BY ${key.join(', ')}`
  await client.query(`DECLARE moved_rows NO SCROLL CURSOR FOR ${select}`)
  let count = 0
  let copies: readonly Record<string, unknown>[] = []
  const nextCopy = async (): Promise<Record<string, unknown> | undefined> => {
    if (count % BATCH === 0) copies = (await client.query(`FETCH ${BATCH} FROM moved_rows`)).rows
    return copies[count % BATCH]
  }
  for (const row of source.prepare(select).iterate()) {
    const copy = await nextCopy()
    const differs = copy ? columns.find((column) => !isEqual(storable(row[column]), copy[column])) : 'row'
    if (differs)
      throw new MoveRefused(`row ${count + 1} of ${name} came back different (${differs}): nothing was moved`)
    count += 1
  }
  if (await nextCopy()) throw new MoveRefused(`${name} has more rows than the file: nothing was moved`)
  await client.query('CLOSE moved_rows')
  return count
}

/** A text of PostgreSQL cannot hold U+0000, which older releases accepted in free texts. */
const storable = (value: unknown): unknown => (typeof value === 'string' ? value.replaceAll('\u0000', '\ufffd') : value)

function isEqual(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0
  return one === other
}
