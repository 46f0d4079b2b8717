/**
 * Creates all stores of a database, and transactions across them.
 *
 * @module
 */
import type { Clock } from '../ports/clock.ts'
import type { InvalidationListener, InvalidationLog } from '../ports/invalidations.ts'
import type { KnownCallers } from '../ports/known-callers.ts'
import type { AgentRecord } from '../ports/register.ts'
import type { SignalOutbox } from '../ports/signal-outbox.ts'
import type { ReceivedSignals } from '../ports/signals.ts'
import type { KeptKey } from '../ports/stores.ts'
import type { StoreSet, Transactions } from '../ports/transactions.ts'
import type { TupleRows } from '../ports/tuple-rows.ts'
import { SqlAgents } from './agents.ts'
import type { Announcer } from './announcer.ts'
import { SqlAnswers } from './answers.ts'
import { SqlChangeJournal } from './changes.ts'
import { SqlDirectory } from './directory.ts'
import type { VaultKeys } from './encryption.ts'
import { SqlFacts } from './facts.ts'
import { createGrantEnds } from './grant-ends.ts'
import { SqlGrants } from './grants.ts'
import { SqlIntents } from './intents.ts'
import { SqlInvitations } from './invitations.ts'
import { type RevokedKeys, SqlKeys } from './keys.ts'
import { type LeasesIn, SqlLeases } from './leases.ts'
import { LocalLog } from './local-log.ts'
import { SqlLookups } from './lookups.ts'
import { SqlModels } from './models.ts'
import { rewriteNotices, SqlPeople } from './people.ts'
import { SqlPersonas } from './personas.ts'
import { SqlPolicyHistory } from './policy-history.ts'
import { ProposedGrants } from './proposed-grants.ts'
import { SqlReceivedSignals } from './received-signals.ts'
import { RowCache } from './row-cache.ts'
import { SqlSessions } from './sessions.ts'
import { SharedLog } from './shared-log.ts'
import { SqlSignalOutbox } from './signal-outbox.ts'
import { type Database, firstRow, type Queries, text } from './sql.ts'
import { SqlTuples } from './tuples.ts'
import { SqlVault } from './vault.ts'
import { VaultMemory } from './vault-memory.ts'
import { commitmentSalt, rewriteVault } from './vault-rows.ts'

export interface StoreOptions {
  readonly clock: Clock
  readonly keys: VaultKeys
  /** Id of this PDP in leases; stable across restarts. @default the database's identity */
  readonly owner?: string
  /** Leases of several PDPs. @default those of a database that belongs to one PDP */
  readonly leases?: LeasesIn
  /** Reads the invalidation log of a shared database. @default the database */
  readonly reads?: Pick<Queries, 'rows'>
}

/** All stores of a database; `transaction` runs several of them in one transaction. */
export interface SqlStores extends StoreSet, Transactions {
  /** Id of the database, 32 hexadecimal digits. Created with it, and unchanged when it is moved or restored. */
  readonly identity: string
  readonly sessions: SqlSessions
  readonly received: ReceivedSignals
  readonly signalOutbox: SignalOutbox
  /** For authentication, from memory once a barrier is passed. */
  readonly callers: KnownCallers
  readonly invalidations: InvalidationLog
  /** The embedded relationship store; `undefined` where other PDPs use the database. */
  readonly tuples: TupleRows | undefined
  /** In-memory copies of rows: a barrier over {@link invalidations} keeps them true. */
  readonly copies: readonly InvalidationListener[]
}

/** In-memory state that the stores inside and outside a transaction share. */
interface Shared {
  readonly proposed: ProposedGrants
  readonly revoked: RevokedKeys
  readonly vault: VaultMemory
  readonly leases: LeasesIn
  readonly announcer: Announcer
  /** Id of this PDP. */
  readonly owner: string
}

/** Entries of each cache of rows that authentication looks up. */
const CACHED_CALLERS = 10_000

/**
 * Creates the stores. First encrypts rows that an older release stored in plain text, and re-encrypts rows under an older key.
 *
 * @throws Fault `internal` when the keys do not decrypt the vault; then nothing was changed.
 */
export async function createStores(database: Database, options: StoreOptions): Promise<SqlStores> {
  const { clock, keys } = options
  const identity = text((await firstRow(database, 'SELECT id FROM identity'))?.['id'])
  const owner = options.owner ?? identity
  const shared = database.isShared
    ? new SharedLog({ database, reads: options.reads ?? database, writer: owner })
    : undefined
  const log = shared ?? new LocalLog(database)
  const leases = options.leases ?? ((sql: Queries) => new SqlLeases(sql, owner, clock))
  const replacing = async (): Promise<readonly string[]> => {
    const replacements = await new SqlIntents(database, leases, log).replacements()
    return replacements.flatMap(({ exchanged }) => exchanged.map(({ to }) => to.id))
  }
  const proposed = new ProposedGrants(database, replacing)
  const vault = await openVault(database, clock, keys)
  for (const put of await Promise.all([proposed.load(), vault.load()])) put()
  const memory: Shared = { proposed, revoked: new Map(), vault, leases, announcer: log, owner }
  const stores = storesIn(database, memory, shared && { log: shared, database })
  const sessions = await SqlSessions.open(database, clock, log)
  const agents = new RowCache<AgentRecord>('agent', CACHED_CALLERS)
  const kept = new RowCache<KeptKey>('key', CACHED_CALLERS)
  return {
    ...stores,
    identity,
    sessions,
    received: new SqlReceivedSignals(database, clock),
    signalOutbox: new SqlSignalOutbox(database),
    callers: {
      agent: (id) => agents.get(id, stores.register.agent),
      bindAgent: stores.register.bindAgent,
      byId: (id) => kept.get(id, (key) => stores.keys.byId(key)),
    },
    invalidations: log,
    tuples: database.isShared ? undefined : new SqlTuples(database, { announcer: log, intents: stores.intents }),
    copies: [proposed, vault, sessions, agents, kept],
    transaction: (work) => database.transaction((within) => work(storesIn(within, memory))),
    scrub: database.scrub,
  }
}

/** The stores that a move of the tuples uses. */
export interface TupleStores {
  readonly identity: string
  readonly intents: Pick<SqlIntents, 'factChanges'>
  readonly models: SqlModels
  readonly policyHistory: Pick<SqlPolicyHistory, 'inForce'>
  readonly tuples: TupleRows
}

/** Creates the stores of a SQLite database that need no vault key. */
export async function openTupleStores(database: Database, clock: Clock): Promise<TupleStores> {
  const identity = text((await firstRow(database, 'SELECT id FROM identity'))?.['id'])
  const announcer = new LocalLog(database)
  const intents = new SqlIntents(database, (sql) => new SqlLeases(sql, identity, clock), announcer)
  return {
    identity,
    intents,
    models: new SqlModels(database),
    policyHistory: new SqlPolicyHistory(database, announcer),
    tuples: new SqlTuples(database, { announcer, intents }),
  }
}

async function openVault(database: Database, clock: Clock, keys: VaultKeys): Promise<VaultMemory> {
  const { salt, isRewritten } = await database.transaction(async (sql) => {
    const people = await rewriteVault(sql, keys)
    const notices = await rewriteNotices(sql, keys)
    const commitment = await commitmentSalt(sql, keys)
    return { salt: commitment.salt, isRewritten: people || notices || commitment.wasPlain }
  })
  if (isRewritten) await database.scrub()
  return new VaultMemory({ keys, clock, salt, sql: database })
}

/** What needs no transaction where several PDPs use the database. */
interface Alone {
  readonly log: SharedLog
  readonly database: Pick<Database, 'changeAlone'>
}

/** @param alone - Outside of transactions only. */
function storesIn(sql: Queries, memory: Shared, alone?: Alone): StoreSet {
  const { proposed, revoked, vault, leases, announcer, owner } = memory
  const intents = new SqlIntents(sql, leases, announcer)
  const factChangeIds = async (): Promise<readonly string[]> => (await intents.factChanges()).map(({ plan }) => plan.id)
  return {
    answers: new SqlAnswers(sql),
    changes: new SqlChangeJournal(sql, { leases, announcer, factChangeIds, log: alone?.log }),
    facts: new SqlFacts(sql),
    intents,
    invitations: new SqlInvitations(sql),
    keys: new SqlKeys(sql, leases, revoked, announcer),
    leases: leases(sql),
    lookups: new SqlLookups(sql),
    people: new SqlPeople(sql, leases, vault.keys, owner),
    policyHistory: new SqlPolicyHistory(sql, announcer),
    register: {
      ...new SqlGrants(sql, leases, proposed, announcer),
      ...(alone && createGrantEnds(alone.database, leases(sql))),
      ...new SqlPersonas(sql, leases),
      ...new SqlAgents(sql, leases, announcer),
      ...new SqlDirectory(sql),
      ...new SqlModels(sql),
    },
    vault: new SqlVault(sql, vault, announcer),
  }
}
