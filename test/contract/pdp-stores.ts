/**
 * For the contracts of the PDP's stores: the databases that they must behave the same on, each test's own.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { GrantBody, GrantRecord } from '../../pdp/src/ports/grants.ts'
import { VaultKeys } from '../../pdp/src/store/encryption.ts'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import type { Database } from '../../pdp/src/store/sql.ts'
import { openSqlite } from '../../pdp/src/store/sqlite.ts'
import { createStores, type SqlStores } from '../../pdp/src/store/stores.ts'

/** A database that several PDPs may open. */
export interface Place {
  /** One more connection, closed at the end of the test. */
  readonly connect: () => Promise<Database>
  /** Everything that the files of the database hold, as text; of PostgreSQL without the write-ahead log. */
  readonly bytes: () => Promise<string>
}

export type Implementation = readonly [name: string, place: () => Promise<Place>]

/** Call it at the top of a test file: it starts and stops the one PostgreSQL of the file. */
export function useImplementations(): readonly Implementation[] {
  let postgres: Postgres
  let made = 0
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())
  const postgresPlace = async (): Promise<Place> => {
    made += 1
    // Names are letters only.
    const url = await postgres.createDatabase(`pdp_${made.toString(2).replaceAll('0', 'o').replaceAll('1', 'i')}`)
    return { connect: async () => closing(await openPostgres(url)), bytes: () => bytesOf(postgres, url) }
  }
  return [
    ['SQLite', sqlitePlace],
    ['PostgreSQL', postgresPlace],
  ]
}

async function sqlitePlace(): Promise<Place> {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-stores-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return { connect: async () => closing(openSqlite(join(dir, 'pdp.db'))), bytes: async () => textIn(dir) }
}

/** The files of a database after everything in memory was written to them, without those of the system catalogs. */
async function bytesOf(postgres: Postgres, url: string): Promise<string> {
  await postgres.query(url, 'CHECKPOINT')
  const folder = await postgres.query(
    url,
    "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()",
  )
  // Objects of users have ids from 16384 on.
  const catalogs = await postgres.query(url, 'SELECT pg_relation_filenode(oid) FROM pg_class WHERE oid < 16384')
  const isCatalog = new Set(catalogs.split('\n'))
  return textIn(folder, (name) => !isCatalog.has(name.split(/[._]/u)[0] ?? ''))
}

const textIn = (dir: string, isRead: (name: string) => boolean = () => true): string =>
  readdirSync(dir)
    .filter(isRead)
    .map((name) => readFileSync(join(dir, name), 'latin1'))
    .join('')

function closing(database: Database): Database {
  onTestFinished(() => database.close().catch(() => undefined))
  return database
}

/** A clock that only a test moves. */
export class TestClock {
  now = 1_000_000
  readonly read = (): number => this.now
}

const KEY = randomBytes(32)

export interface PdpOptions {
  readonly owner?: string
  readonly clock?: TestClock
}

/** The stores of one PDP on a database, as a start opens them. */
export const openPdp = async (
  database: Database | Promise<Database>,
  { owner, clock = new TestClock() }: PdpOptions = {},
): Promise<SqlStores> =>
  createStores(await database, {
    clock: clock.read,
    keys: new VaultKeys(KEY),
    ...(owner === undefined ? {} : { owner }),
  })

export function aGrant(id: string, more: Partial<GrantBody> = {}): GrantBody {
  return {
    id,
    delegator: 'user:p_anna',
    delegatorPersona: 'p_anna.traveler.family.1',
    delegate: 'user:p_bert',
    asks: '',
    owner: 'user:p_anna',
    actions: ['execute', 'read'],
    scope: { deed: 'd1', part: undefined },
    covers: 'workflow:milan',
    atMost: { 'price.EUR': 100 },
    atLeast: {},
    expiresAt: 2_000_000,
    redelegations: 0,
    unattended: false,
    parent: undefined,
    path: [id],
    givers: ['persona:p_anna.traveler.family.1'],
    createdAt: 1_000_000,
    ...more,
  }
}

export const aRecord = (grant: GrantBody, more: Partial<GrantRecord> = {}): GrantRecord => ({
  ...grant,
  revokedAt: undefined,
  revokedBy: undefined,
  revokeReason: undefined,
  replacedBy: undefined,
  ...more,
})
