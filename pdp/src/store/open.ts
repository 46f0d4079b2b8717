/**
 * Opens the PDP's own database and its stores.
 *
 * @module
 */
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Clock } from '../ports/clock.ts'
import type { Facts } from '../ports/facts.ts'
import type { Register } from '../ports/register.ts'
import type {
  Answers,
  ChangeJournal,
  Intents,
  Invitations,
  Keys,
  People,
  PolicyHistory,
  Sessions,
  TokenEncryption,
  Vault,
} from '../ports/stores.ts'
import { SqliteAnswers } from './answers.ts'
import { SqliteChangeJournal } from './changes.ts'
import { identityOf, openDatabase } from './database.ts'
import { SqliteFacts } from './facts.ts'
import { SqliteIntents } from './intents.ts'
import { SqliteInvitations } from './invitations.ts'
import { SqliteKeys } from './keys.ts'
import { SqlitePeople } from './people.ts'
import { SqlitePolicyHistory } from './policy-history.ts'
import { SqliteRegister } from './register.ts'
import { SqliteSessions } from './sessions.ts'
import { SqliteVault } from './vault.ts'
import { loadVaultKeys } from './vault-key.ts'

/** Every store of the PDP's database. */
export interface Stores {
  /** Of the database: 32 hexadecimal digits. */
  readonly identity: string
  readonly vault: Vault
  readonly register: Register
  readonly intents: Intents
  readonly changes: ChangeJournal
  readonly answers: Answers
  readonly invitations: Invitations
  readonly keys: Keys
  readonly people: People
  readonly facts: Facts
  readonly policyHistory: PolicyHistory
  readonly sessions: Sessions
  readonly tokenEncryption: TokenEncryption
}

/**
 * @param closing - Gets what closes the database.
 * @throws ConfigError for a vault key that cannot be used.
 */
export async function openStores(config: Config, clock: Clock, closing: AsyncDisposableStack): Promise<Stores> {
  const database = openDatabase(join(config.PDP_DATA_DIR, 'pdp.db'))
  closing.defer(() => database.close())
  const vaultKeys = await loadVaultKeys(config)
  return {
    identity: identityOf(database),
    vault: new SqliteVault(database, clock, vaultKeys),
    register: new SqliteRegister(database),
    intents: new SqliteIntents(database),
    changes: new SqliteChangeJournal(database),
    answers: new SqliteAnswers(database),
    invitations: new SqliteInvitations(database),
    keys: new SqliteKeys(database),
    people: new SqlitePeople(database, vaultKeys),
    facts: new SqliteFacts(database),
    policyHistory: new SqlitePolicyHistory(database),
    sessions: new SqliteSessions(database, clock),
    tokenEncryption: vaultKeys,
  }
}
