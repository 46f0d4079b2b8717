/**
 * Transactions across several stores.
 *
 * @module
 */
import type { Facts } from './domain-facts.ts'
import type { Leases } from './leases.ts'
import type { Lookups } from './lookups.ts'
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
  readonly lookups: Lookups
  readonly people: People
  readonly policyHistory: PolicyHistory
  readonly register: Register
  readonly vault: Vault
}

export interface Transactions {
  /**
   * Runs `work` in a transaction. It must use only the stores that it is passed (a write of another one rejects) and await nothing but them, since
   * all other writers wait.
   */
  readonly transaction: <T>(work: (within: StoreSet) => Promise<T>) => Promise<T>
  /** Overwrites deleted data in all files of the database. Must not be called in a transaction. */
  readonly scrub: () => Promise<void>
}
