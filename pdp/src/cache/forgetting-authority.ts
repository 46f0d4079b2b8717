/**
 * Drops from the cache what a change of authority made stale. The cache would only deny until its next fresh read; this spares that denial.
 *
 * @module
 */
import type { EpochMillis, PartyRef, ResourceRef } from '@mandate/protocol'
import type { Authority } from '../ports/authority.ts'
import type { GateLimit, GrantBody, Located, PersonaId } from '../ports/grants.ts'
import { personaParts } from '../ports/persona-id.ts'
import type { Changed, Relations } from '../ports/relations.ts'
import { seatsOf } from '../ports/scopes.ts'
import type { Exchanged } from '../ports/stores.ts'

export class ForgettingAuthority implements Authority {
  readonly #authority: Authority
  readonly #relations: Pick<Relations, 'forget'>

  constructor(authority: Authority, relations: Pick<Relations, 'forget'>) {
    this.#authority = authority
    this.#relations = relations
  }

  issue(grant: GrantBody): Promise<void> {
    return this.#forgetting(seatsIn([grant]), this.#authority.issue(grant))
  }

  end(grant: GrantBody, by: PartyRef, at: EpochMillis, reason: string): Promise<boolean> {
    return this.#forgetting(seatsIn([grant]), this.#authority.end(grant, by, at, reason))
  }

  isLive(grant: GrantBody): Promise<boolean> {
    return this.#authority.isLive(grant)
  }

  replace(exchanged: readonly Exchanged[], by: PartyRef, at: EpochMillis): Promise<void> {
    const seats = seatsIn(exchanged.flatMap(({ from, to }) => [from, to]))
    return this.#forgetting(seats, this.#authority.replace(exchanged, by, at))
  }

  sweep(grant: GrantBody): Promise<void> {
    return this.#forgetting(seatsIn([grant]), this.#authority.sweep(grant))
  }

  fits(exchanged: readonly Exchanged[]): boolean {
    return this.#authority.fits(exchanged)
  }

  settled(resource: ResourceRef): Promise<void> {
    return this.#authority.settled(resource)
  }

  register(located: Located): Promise<boolean> {
    return this.#forgetting({ resource: located.resource }, this.#authority.register(located))
  }

  unregister(located: Located): Promise<boolean> {
    return this.#forgetting({ resource: located.resource }, this.#authority.unregister(located))
  }

  transfer(to: Located): Promise<void> {
    return this.#forgetting({ resource: to.resource }, this.#authority.transfer(to))
  }

  setPersona(
    id: PersonaId,
    usable: { readonly from: EpochMillis; readonly till: EpochMillis } | undefined,
    gates: readonly GateLimit[],
  ): Promise<void> {
    return this.#forgetting({ user: personaParts(id).holder }, this.#authority.setPersona(id, usable, gates))
  }

  setAgent(agent: PartyRef, active: boolean): Promise<void> {
    return this.#authority.setAgent(agent, active)
  }

  /** Invalidates the cache after a change, also after a failed one: its outcome is unknown. */
  async #forgetting<T>(changed: Changed, change: Promise<T>): Promise<T> {
    try {
      return await change
    } finally {
      this.#relations.forget(changed)
    }
  }
}

const seatsIn = (grants: readonly GrantBody[]): Changed => ({
  seats: grants.flatMap((grant) => seatsOf(grant).map(({ seat }) => seat)),
})
