/**
 * Types of operation handlers: one function per operation, of input and context.
 *
 * @module
 */
import type { CheckedInput, OperationName, Output } from '../shared/channel.ts'
import type { Account } from './account.ts'
import type { Api } from './api.ts'
import type { Contacts } from './contacts.ts'
import type { Emit } from './emit.ts'
import type { DesktopConfig, Host } from './host.ts'
import type { OwnPseudonym } from './own-pseudonym.ts'
import type { Personas } from './personas.ts'
import type { RunFollower } from './run-follower.ts'

/** The state of one account. `account.end` is aborted when the account is signed out while a handler runs. */
export interface Context {
  readonly config: DesktopConfig
  readonly host: Host
  readonly account: Account
  readonly api: Api
  readonly contacts: Contacts
  readonly personas: Personas
  readonly runs: RunFollower
  readonly ownPseudonym: OwnPseudonym
  readonly emit: Emit
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

export type Handlers<N extends OperationName> = {
  readonly [K in N]: (input: CheckedInput<K>, context: Context) => Promise<Output<K>>
}
