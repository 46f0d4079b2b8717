/**
 * Changes of authority in the relationship store (PAP).
 *
 * @module
 */
import type { EpochMillis, PartyRef, ResourceRef } from '@mandate/protocol'
import type { GateLimit, GrantBody, Located, PersonaId } from './grants.ts'
import type { Exchanged } from './stores.ts'

/** Changes of authority (PAP). True for every later decision anywhere the moment a method resolves. */
export interface Authority {
  issue(grant: GrantBody): Promise<void>
  /** @returns `false` when it had ended already. */
  end(grant: GrantBody, by: PartyRef, at: EpochMillis, reason: string): Promise<boolean>
  isLive(grant: GrantBody): Promise<boolean>
  /** Ends each `from` and issues each `to`, all in one. Rejects with `conflict` when one of them ended meanwhile: nothing was changed then. */
  replace(exchanged: readonly Exchanged[], by: PartyRef, at: EpochMillis): Promise<void>
  /** Removes whatever is left of a dead grant. What is gone already is no error. */
  sweep(grant: GrantBody): Promise<void>
  /** Whether one atomic change can hold them. */
  fits(exchanged: readonly Exchanged[]): boolean
  /** Decides every Write about a resource that had no answer. */
  settled(resource: ResourceRef): Promise<void>
  /** @returns `false` when the resource is registered already. */
  register(located: Located): Promise<boolean>
  unregister(located: Located): Promise<boolean>
  /** Makes a topmost resource its new owner's, under its new deed. The same again is no change. */
  transfer(to: Located): Promise<void>
  /** Makes a persona usable in its dates, or not at all; and its gates exactly these. */
  setPersona(
    id: PersonaId,
    usable: { readonly from: EpochMillis; readonly till: EpochMillis } | undefined,
    gates: readonly GateLimit[],
  ): Promise<void>
  setAgent(agent: PartyRef, active: boolean): Promise<void>
}
