import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { atomically } from './sqlite.ts'

function aDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE held (value BLOB NOT NULL)')
  return database
}

const count = (database: DatabaseSync): unknown => database.prepare('SELECT count(*) AS n FROM held').get()?.['n']

test('a full disk is the error that is thrown, not the rollback that SQLite has done by itself; then it goes on', () => {
  const database = aDatabase()
  database.exec('PRAGMA max_page_count = 8')
  const fill = (bytes: number) =>
    atomically(database, () => database.prepare('INSERT INTO held VALUES (zeroblob(?))').run(bytes))
  expect(() => fill(1_000_000)).toThrow(/database or disk is full/u)
  expect(count(database)).toBe(0)
  fill(10)
  expect(count(database)).toBe(1)
})

test('what a task throws undoes all of it', () => {
  const database = aDatabase()
  const attempt = () =>
    atomically(database, () => {
      database.exec("INSERT INTO held VALUES ('one')")
      throw new Error('no more')
    })
  expect(attempt).toThrow('no more')
  expect(count(database)).toBe(0)
})
