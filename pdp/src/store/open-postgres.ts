/**
 * Opens the PostgreSQL database of several PDPs, with what they share beside its rows: locks, leases, rate limits.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { Locks } from '../ports/locks.ts'
import type { TokenBuckets, WrongCodes } from '../ports/rates.ts'
import type { UrlSource } from '../runtime/postgres-pool.ts'
import type { LeasesIn } from './leases.ts'
import { openPostgres } from './postgres.ts'
import { PostgresBuckets } from './postgres-buckets.ts'
import { PostgresLeases } from './postgres-leases.ts'
import { PostgresLocks } from './postgres-locks.ts'
import { Member, type MemberOptions, type MemberSession } from './postgres-member.ts'
import { openReads } from './postgres-reads.ts'
import { PostgresWrongCodes } from './postgres-wrong-codes.ts'
import {
  announceVaultKeys,
  forgetRelationshipStore,
  registerRelease,
  requireSameRelationshipStore,
  runningBeside,
  runningWithoutVaultKey,
} from './releases.ts'
import { type Database, firstRow, type Queries, text } from './sql.ts'

/** What a PDP learns of its database while it runs. */
export interface DatabaseWatch extends Pick<MemberOptions, 'onReplaced' | 'onBeat'> {
  /** This machine's clock. */
  readonly now: () => EpochMillis
}

export interface SharedDatabase {
  /** Rejects the writes of a task whose lock is lost. */
  readonly database: Database
  readonly locks: Locks
  readonly leases: LeasesIn
  /** Reads for the read barrier. */
  readonly reads: Pick<Queries, 'rows'>
  readonly buckets: TokenBuckets
  readonly wrongCodes: WrongCodes
  /** Tells the database apart from a copy with the same identity. */
  readonly place: string
  /** The log origin of another running PDP of the database. */
  readonly runningBeside: () => Promise<string | undefined>
  /** The log origin of another running PDP of the database that does not have a vault key, by its id. */
  readonly runningWithout: (keyId: string) => Promise<string | undefined>
  /** @throws ConfigError when another running PDP of the database uses another relationship store. */
  readonly requireSameRelationshipStore: (id: string) => Promise<void>
}

/**
 * @param origin - The PDP's log origin.
 * @param keyIds - Of the PDP's vault keys.
 * @param closing - Receives the disposers.
 * @throws ConfigError when the database cannot be used, another PDP has the origin, or runs a release that does not fit; Fault `relations_unavailable`
 * when PostgreSQL does not answer.
 */
export async function openSharedDatabase(
  url: UrlSource,
  origin: string,
  keyIds: readonly string[],
  { onReplaced, onBeat, now }: DatabaseWatch,
  closing: AsyncDisposableStack,
): Promise<SharedDatabase> {
  const database = await openPostgres(url)
  closing.defer(() => database.close())
  const onJoin = async (session: MemberSession): Promise<void> => {
    await registerRelease(session, origin)
    await announceVaultKeys(session, origin, keyIds)
  }
  const member = await Member.join({ url, origin, onJoin, onReplaced, onBeat, now })
  closing.defer(() => member.close())
  await forgetRelationshipStore(database, origin)
  const reads = openReads(url)
  closing.defer(reads.close)
  const locks = new PostgresLocks(member)
  return {
    database: fenced(database, locks),
    locks,
    leases: (sql) => new PostgresLeases(sql, origin, () => locks.heldOn().map(({ id }) => id)),
    reads,
    buckets: new PostgresBuckets(database),
    wrongCodes: new PostgresWrongCodes(database),
    place: await placeOf(database),
    runningBeside: () => runningBeside(database, origin),
    runningWithout: (keyId) => runningWithoutVaultKey(database, origin, keyId),
    requireSameRelationshipStore: (id) => requireSameRelationshipStore(database, origin, id),
  }
}

/** Begins each transaction with a check of the locks under which its caller runs. */
function fenced(database: Database, locks: PostgresLocks): Database {
  const transaction: Database['transaction'] = (work) =>
    database.transaction(async (within) => {
      await locks.requireHeld(within)
      return work(within)
    })
  return {
    ...database,
    transaction,
    change: (sql, ...values) => transaction((within) => within.change(sql, ...values)),
    changeAlone: async (sql, ...values) => {
      const changed = await database.changeAlone(sql, ...values)
      // Afterwards: then a PDP that gets the lock later sees what was stored, such as a change that is about to be written to OpenFGA.
      await locks.requireHeld(database)
      return changed
    },
  }
}

/** The cluster and the database in it. A managed PostgreSQL may not tell the cluster. */
async function placeOf(database: Database): Promise<string> {
  const ofDatabase = 'SELECT oid FROM pg_database WHERE datname = current_database()'
  const cluster = 'SELECT system_identifier FROM pg_control_system()'
  const row = await firstRow(database, `SELECT (${ofDatabase})::text AS database`)
  const system = await firstRow(database, `${cluster}`).catch(() => undefined)
  return `${text(system?.['system_identifier'] ?? '')}.${text(row?.['database'])}`
}
