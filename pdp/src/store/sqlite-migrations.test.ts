import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { VaultKeys } from './encryption.ts'
import { openSqlite } from './sqlite.ts'
import { MIGRATIONS } from './sqlite-migrations.ts'
import { createStores, type SqlStores } from './stores.ts'

/** How many steps the last release without leases had. */
const BEFORE_LEASES = 17

let path: string
beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-migrations-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  path = join(dir, 'pdp.db')
})

/** A database as an older release left it. */
function older(write: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(path)
  for (const step of MIGRATIONS.slice(0, BEFORE_LEASES)) database.exec(step)
  database.exec(`PRAGMA user_version = ${BEFORE_LEASES}`)
  write(database)
  database.close()
}

async function opened(): Promise<SqlStores> {
  const database = openSqlite(path)
  onTestFinished(() => database.close())
  return createStores(database, { clock: () => 100, keys: VaultKeys.random() })
}

const body = (id: string, expiresAt: number) => ({
  id,
  delegator: 'user:p_a',
  delegatorPersona: 'p',
  delegate: 'user:p_b',
  asks: '',
  owner: 'user:p_a',
  actions: ['read'],
  scope: 'deed~d1',
  covers: 'workflow:w',
  atMost: {},
  atLeast: {},
  expiresAt,
  redelegations: 0,
  unattended: false,
  path: [id],
  givers: ['persona:p'],
  createdAt: 1,
})

const TWIN =
  '{"actions":["read"],"asks":"","atLeast":{},"atMost":{},"delegate":"user:p_b","delegator":"user:p_a","delegatorPersona":"p","parent":"","redelegations":0,"scope":"deed~d1","unattended":false}'

function insertGrant(
  database: DatabaseSync,
  id: string,
  expiresAt: number,
  revokedAt: number | null,
  settled = 1,
): void {
  database
    .prepare(
      `INSERT INTO grants (id, delegator, delegate, owner, covers, parent, expires_at, twin, body, settled, revoked_at)
       VALUES (?, 'user:p_a', 'user:p_b', 'user:p_a', 'workflow:w', NULL, ?, ?, ?, ?, ?)`,
    )
    .run(id, expiresAt, TWIN, JSON.stringify(body(id, expiresAt)), settled, revokedAt)
}

test('a database with equal grants opens: all of them stay, and the one that lives longest holds the key', async () => {
  older((database) => {
    insertGrant(database, 'ended', 999, 50)
    insertGrant(database, 'expired', 90, null)
    insertGrant(database, 'shorter', 500, null)
    insertGrant(database, 'longer', 600, null)
    insertGrant(database, 'pending', 550, null, 0)
  })
  const { register, leases } = await opened()
  const all = await register.grants({ ended: true, pending: true, now: 100, limit: 10 })
  expect(all.map(({ id }) => id)).toEqual(['shorter', 'pending', 'longer', 'expired', 'ended'])
  const { scope: _scope, ...rest } = body('new', 700)
  const grant = {
    ...rest,
    delegator: 'user:p_a',
    delegate: 'user:p_b',
    owner: 'user:p_a',
    givers: ['persona:p'],
    scope: { deed: 'd1', part: undefined },
    parent: undefined,
  } as const
  await expect(register.proposeGrant(grant, 100)).rejects.toMatchObject({ members: { grant: 'longer' } })
  await leases.require('grant', 'pending')
  await register.dropGrant('pending')
  const end = { by: 'user:p_a', at: 100, reason: '' } as const
  for (const id of ['longer', 'shorter']) {
    await register.proposeEnd(id, end)
    await register.endGrant(id, end)
  }
  await register.proposeGrant(grant, 100)
  expect(await register.proposedAmong(['new'])).toEqual(new Set(['new']))
})

test('what an older release left under way has no owner, so any PDP takes it', async () => {
  older((database) => {
    database.exec(`INSERT INTO changes (id, at, keys) VALUES ('c1', 1, '[]');
      INSERT INTO agents VALUES ('x', 0, NULL, 1, 0);`)
  })
  const { changes, register, leases } = await opened()
  expect((await changes.takeUndecided()).map(({ id }) => id)).toEqual(['c1'])
  expect((await register.pendingAgents()).map(({ id }) => id)).toEqual(['x'])
  expect(await leases.take('agent', 'x')).toBe(true)
})

test('policies stay in the order of their last load', async () => {
  older((database) => {
    for (const [version, loadedAt] of [
      ['a', 5],
      ['b', 9],
      ['c', 5],
    ] as const)
      database
        .prepare('INSERT INTO policies (version, sources, loaded_at) VALUES (?, ?, ?)')
        .run(version, '{}', loadedAt)
  })
  const { policyHistory } = await opened()
  expect((await policyHistory.all()).map(({ version }) => version)).toEqual(['b', 'c', 'a'])
})

test('a database of a newer release is left alone', () => {
  older((database) => database.exec('PRAGMA user_version = 1000'))
  expect(() => openSqlite(path)).toThrow('newer release')
})
