/**
 * For the contracts of the PDP's stores: the databases that they must behave the same on, each test's own. Another implementation is one more entry
 * of {@link IMPLEMENTATIONS}.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { GrantBody, GrantRecord } from '../../pdp/src/ports/grants.ts'
import { VaultKeys } from '../../pdp/src/store/encryption.ts'
import type { Database } from '../../pdp/src/store/sql.ts'
import { openSqlite } from '../../pdp/src/store/sqlite.ts'
import { createStores, type SqlStores } from '../../pdp/src/store/stores.ts'

/** A database that several PDPs may open. */
export interface Place {
  /** One more connection, closed at the end of the test. */
  readonly connect: () => Database
  /** Everything that the database keeps, as text. */
  readonly bytes: () => string
}

export const IMPLEMENTATIONS: readonly (readonly [name: string, place: () => Place])[] = [['SQLite', sqlitePlace]]

function sqlitePlace(): Place {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-stores-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const connect = (): Database => {
    const database = openSqlite(join(dir, 'pdp.db'))
    onTestFinished(() => database.close().catch(() => undefined))
    return database
  }
  const bytes = (): string =>
    readdirSync(dir)
      .map((name) => readFileSync(join(dir, name), 'latin1'))
      .join('')
  return { connect, bytes }
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
export const openPdp = (database: Database, { owner, clock = new TestClock() }: PdpOptions = {}): Promise<SqlStores> =>
  createStores(database, { clock: clock.read, keys: new VaultKeys(KEY), ...(owner === undefined ? {} : { owner }) })

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
