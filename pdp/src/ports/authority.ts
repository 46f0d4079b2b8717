/**
 * Changes of authority in the relationship store, for administration (PAP).
 *
 * @module
 */
import type { EpochMillis, PartyRef, ResourceRef } from '@mandate/protocol'
import type { GateLimit, GrantBody, Located, PersonaId } from './grants.ts'
import type { Exchanged } from './stores.ts'

/** Changes of authority. A change is in force for every later decision, on every PDP, once its promise resolves. */
export interface Authority {
  issue(grant: GrantBody): Promise<void>
  /** @returns `false` when it had ended already. */
  end(grant: GrantBody, by: PartyRef, at: EpochMillis, reason: string): Promise<boolean>
  isLive(grant: GrantBody): Promise<boolean>
  /** Ends each `from` and issues each `to`, atomically. Rejects with `conflict` when one of them has ended meanwhile; nothing is changed then. */
  replace(exchanged: readonly Exchanged[], by: PartyRef, at: EpochMillis): Promise<void>
  /** Removes the rest of a dead grant: seats and body. Idempotent. */
  sweep(grant: GrantBody): Promise<void>
  /** Whether {@link replace} can do them in one atomic change. */
  fits(exchanged: readonly Exchanged[]): boolean
  /** Decides every change of a resource whose outcome is not known. */
  settled(resource: ResourceRef): Promise<void>
  /** @returns `false` when the resource is registered already. */
  register(located: Located): Promise<boolean>
  unregister(located: Located): Promise<boolean>
  /** Gives a topmost resource to its new owner, under its new deed. Idempotent. */
  transfer(to: Located): Promise<void>
  /** Sets the dates in which a persona is usable (`undefined`: never), and its gates to exactly these. */
  setPersona(
    id: PersonaId,
    usable: { readonly from: EpochMillis; readonly till: EpochMillis } | undefined,
    gates: readonly GateLimit[],
  ): Promise<void>
  setAgent(agent: PartyRef, active: boolean): Promise<void>
}
