/**
 * What an operation is given to work with, and its shape: one function an operation, of input and context.
 *
 * @module
 */
import type { CheckedInput, EventName, EventOf, OperationName, Output } from '../shared/channel.ts'
import type { Account } from './account.ts'
import type { Api } from './api.ts'
import type { Contacts } from './contacts.ts'
import type { DesktopConfig, Host } from './host.ts'
import type { Me } from './me.ts'
import type { Personas } from './personas.ts'
import type { RunFollower } from './run-follower.ts'

export type Emit = <N extends EventName>(name: N, event: EventOf<N>) => void

/** All of one account. A handler that outlives it finds `account.end` aborted. */
export interface Context {
  readonly config: DesktopConfig
  readonly host: Host
  readonly account: Account
  readonly api: Api
  readonly contacts: Contacts
  readonly personas: Personas
  readonly runs: RunFollower
  readonly me: Me
  readonly emit: Emit
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

export type Handlers<N extends OperationName> = {
  readonly [K in N]: (input: CheckedInput<K>, context: Context) => Promise<Output<K>>
}
