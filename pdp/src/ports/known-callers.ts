/**
 * Agents and API keys, as authentication looks them up.
 *
 * @module
 */
import type { Awaitable } from './awaitable.ts'
import type { AgentRecord } from './register.ts'
import type { KeptKey } from './stores.ts'

/** What authentication looks up for each request. From memory, and then at once, when a read barrier is passed. */
export interface KnownCallers {
  agent(id: string): Awaitable<AgentRecord | undefined>
  /** Binds an agent to its service account, as the register does. */
  bindAgent(id: string, serviceSub: string): Promise<string>
  /** An API key. */
  byId(id: string): Awaitable<KeptKey | undefined>
}
