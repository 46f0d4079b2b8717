import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@mandate/service'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from './sqlite.ts'

const PUT = 'INSERT INTO models (store_id, policy, model_id) VALUES ($1, $2, $3)'

function twoConnections() {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-sqlite-'))
  const databases = [openSqlite(join(dir, 'pdp.db')), openSqlite(join(dir, 'pdp.db'))] as const
  onTestFinished(async () => {
    for (const database of databases) await database.close()
    rmSync(dir, { recursive: true })
  })
  return databases
}

test('writes that queue behind a locked database fail together, and the next one is written', async () => {
  const [database, other] = twoConnections()
  const locked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const holder = other.transaction(async () => {
    locked.resolve()
    await released.promise
  })
  await locked.promise
  // One after another, each with a wait of its own, they would take longer than a test may.
  const writes = Array.from({ length: 30 }, (_, n) => database.change(PUT, 's', String(n), 'm'))
  const results = await Promise.allSettled(writes)
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['rejected']))
  released.resolve()
  await holder
  expect(await database.change(PUT, 's', 'later', 'm')).toBe(1)
})

test.for([
  ['no database', (path: string) => writeFileSync(path, 'hello\n'), 'file is not a database'],
  ['a folder', (path: string) => mkdirSync(path), 'unable to open database file'],
] as const)('a file that is %s is named, with the reason', ([, make, reason]) => {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-sqlite-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'pdp.db')
  make(path)
  expect(() => openSqlite(path)).toThrow(ConfigError)
  expect(() => openSqlite(path)).toThrow(`PDP_DATA_DIR: ${path} cannot be used (${reason})`)
})
