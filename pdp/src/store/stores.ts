/**
 * Creates all stores of a database, and transactions across them.
 *
 * @module
 */
import type { Clock } from '../ports/clock.ts'
import type { StoreSet, Transactions } from '../ports/transactions.ts'
import { SqlAgents } from './agents.ts'
import { SqlAnswers } from './answers.ts'
import { SqlChangeJournal } from './changes.ts'
import { SqlDirectory } from './directory.ts'
import type { VaultKeys } from './encryption.ts'
import { SqlFacts } from './facts.ts'
import { type ProposedGrants, readProposed, SqlGrants } from './grants.ts'
import { SqlIntents } from './intents.ts'
import { SqlInvitations } from './invitations.ts'
import { type RevokedKeys, SqlKeys } from './keys.ts'
import { type LeasesIn, SqlLeases } from './leases.ts'
import { SqlModels } from './models.ts'
import { rewriteNotices, SqlPeople } from './people.ts'
import { SqlPersonas } from './personas.ts'
import { SqlPolicyHistory } from './policy-history.ts'
import { SqlSessions } from './sessions.ts'
import { type Database, firstRow, type Queries, text } from './sql.ts'
import { SqlVault, VaultMemory } from './vault.ts'
import { commitmentSalt, rewriteVault } from './vault-rows.ts'

export interface StoreOptions {
  readonly clock: Clock
  readonly keys: VaultKeys
  /** Id of this PDP in leases; stable across restarts. @default the database's identity */
  readonly owner?: string
}

/** All stores of a database; `transaction` runs several of them in one transaction. */
export interface SqlStores extends StoreSet, Transactions {
  /** Id of the database, 32 hexadecimal digits. Created with it, and unchanged when it is moved or restored. */
  readonly identity: string
  readonly sessions: SqlSessions
}

/** In-memory state that the stores inside and outside a transaction share. */
interface Shared {
  readonly proposed: ProposedGrants
  readonly revoked: RevokedKeys
  readonly vault: VaultMemory
  readonly leases: LeasesIn
}

/**
 * Creates the stores. First encrypts rows that an older release stored in plain text, and re-encrypts rows under an older key.
 *
 * @throws Fault `internal` when the keys do not decrypt the vault; then nothing was changed.
 */
export async function createStores(database: Database, options: StoreOptions): Promise<SqlStores> {
  const { clock, keys } = options
  const identity = text((await firstRow(database, 'SELECT id FROM identity'))?.['id'])
  const leases: LeasesIn = (sql) => new SqlLeases(sql, options.owner ?? identity, clock)
  const replacements = await new SqlIntents(database, leases).replacements()
  const replacing = replacements.flatMap(({ exchanged }) => exchanged.map(({ to }) => to.id))
  const shared: Shared = {
    proposed: await readProposed(database, replacing),
    revoked: new Map(),
    vault: await openVault(database, clock, keys),
    leases,
  }
  return {
    ...storesIn(database, shared),
    identity,
    sessions: await SqlSessions.open(database, clock),
    transaction: (work) => database.transaction((within) => work(storesIn(within, shared))),
    scrub: database.scrub,
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
  return new VaultMemory(keys, clock, salt)
}

function storesIn(sql: Queries, { proposed, revoked, vault, leases }: Shared): StoreSet {
  const intents = new SqlIntents(sql, leases)
  const factChangeIds = async (): Promise<readonly string[]> => (await intents.factChanges()).map(({ plan }) => plan.id)
  return {
    answers: new SqlAnswers(sql),
    changes: new SqlChangeJournal(sql, leases, factChangeIds),
    facts: new SqlFacts(sql),
    intents,
    invitations: new SqlInvitations(sql),
    keys: new SqlKeys(sql, leases, revoked),
    leases: leases(sql),
    people: new SqlPeople(sql, leases, vault.keys),
    policyHistory: new SqlPolicyHistory(sql),
    register: {
      ...new SqlGrants(sql, leases, proposed),
      ...new SqlPersonas(sql, leases),
      ...new SqlAgents(sql, leases),
      ...new SqlDirectory(sql),
      ...new SqlModels(sql),
    },
    vault: new SqlVault(sql, vault),
  }
}
