/**
 * Agents and API keys, as authentication looks them up.
 *
 * @module
 */
import type { AgentRecord } from './register.ts'
import type { KeptKey } from './stores.ts'

/** What authentication looks up for each request. From memory once a read barrier is passed. */
export interface KnownCallers {
  agent(id: string): Promise<AgentRecord | undefined>
  /** Binds an agent to its service account, as the register does. */
  bindAgent(id: string, serviceSub: string): Promise<string>
  /** An API key. */
  byId(id: string): Promise<KeptKey | undefined>
}
