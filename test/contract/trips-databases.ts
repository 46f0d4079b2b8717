/**
 * For the contract of trips: the databases that it must do the same on, each test's own.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { Database } from '../../examples/trips/src/database.ts'
import { openPostgres } from '../../examples/trips/src/postgres.ts'
import { openSqlite } from '../../examples/trips/src/sqlite.ts'

export const DATABASES = ['SQLite', 'PostgreSQL'] as const
export type DatabaseName = (typeof DATABASES)[number]

export interface Place {
  /** Settings that lead trips there. */
  readonly settings: Readonly<Record<string, string>>
  /** One more connection to it, closed at the end of the test. */
  readonly open: () => Promise<Database>
}

/** Call it at the top of a test file: it starts the one server that is needed. @returns a maker of empty databases. */
export function usePlaces(): (name: DatabaseName) => Promise<Place> {
  let postgres: Postgres
  let made = 0
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())
  return async (name) => {
    if (name === 'SQLite') return sqlitePlace()
    made += 1
    const url = await postgres.createDatabase(`trips_${'x'.repeat(made)}`)
    return { settings: { TRIPS_DATABASE_URL: url }, open: async () => closing(await openPostgres(url)) }
  }
}

function sqlitePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'trips-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return { settings: { TRIPS_DATA_DIR: folder }, open: async () => closing(openSqlite(folder)) }
}

function closing(database: Database): Database {
  let closed: Promise<void> | undefined
  const close = () => (closed ??= database.close())
  onTestFinished(close)
  return { ...database, close }
}
