/**
 * Changes of several stores that are made together.
 *
 * @module
 */
import type { Facts } from './domain-facts.ts'
import type { Leases } from './leases.ts'
import type { Register } from './register.ts'
import type { Answers, ChangeJournal, Intents, Invitations, Keys, People, PolicyHistory, Vault } from './stores.ts'

/** The stores that one transaction can span. */
export interface StoreSet {
  readonly answers: Answers
  readonly changes: ChangeJournal
  readonly facts: Facts
  readonly intents: Intents
  readonly invitations: Invitations
  readonly keys: Keys
  readonly leases: Leases
  readonly people: People
  readonly policyHistory: PolicyHistory
  readonly register: Register
  readonly vault: Vault
}

export interface Transactions {
  /**
   * Makes all of the changes or none. `work` uses only the stores that it is given, and waits for nothing else: a call of another store would wait
   * for the transaction, and every other writer waits for it too.
   */
  readonly transaction: <T>(work: (within: StoreSet) => Promise<T>) => Promise<T>
  /** Overwrites what was deleted, in every file of the database. Outside a transaction only. */
  readonly scrub: () => Promise<void>
}
