/**
 * Redacts caller-chosen text for the log (rule L5): known names stay, any other text is replaced by a salted commitment, because it may contain
 * personal data.
 *
 * @module
 */
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { Evaluation } from '../decide/evaluation.ts'
import type { Policies } from '../policy/pack.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { PersonaId } from '../ports/grants.ts'
import type { KnownCallers } from '../ports/known-callers.ts'
import { personaName } from '../ports/persona-id.ts'
import type { Register } from '../ports/register.ts'
import type { Vault } from '../ports/stores.ts'
import { run, type Task, wait } from '../runtime/task.ts'

export interface RedactorOptions {
  readonly policies: () => Policies
  readonly callers: Pick<KnownCallers, 'agent'>
  readonly register: Pick<Register, 'agent'>
  readonly vault: Pick<Vault, 'commit'>
  /** Returns whether a text is the sub of a known person, in any spelling. */
  readonly isSub: (text: string) => Awaitable<boolean>
}

export class Redactor {
  readonly #options: RedactorOptions

  constructor(options: RedactorOptions) {
    this.#options = options
  }

  /** Redacts a party. Pseudonyms stay; an agent's id stays when it is registered and is no person's sub. */
  party(party: PartyRef): Awaitable<PartyRef> {
    return party.startsWith('user:') ? party : run(this.#agent(party))
  }

  *#agent(agent: PartyRef): Task<PartyRef> {
    const { id } = splitRef(agent)
    const { callers, register, vault, isSub } = this.#options
    // No agent is ever unregistered, so only one that memory does not know is looked up in the database.
    const known = (yield* wait(callers.agent(id))) ?? (yield* wait(register.agent(id)))
    return known && !(yield* wait(isSub(id))) ? agent : `agent:${vault.commit(id)}`
  }

  /** @param held - The persona found by that name. */
  persona(name: string, held: PersonaId | undefined): string {
    return held === undefined ? this.#options.vault.commit(name) : personaName(held)
  }

  action({ action, resource }: Evaluation): string {
    const actions = this.#options.policies().byType.get(splitRef(resource).type)?.manifest.actions
    return actions && Object.hasOwn(actions, action) ? action : this.#options.vault.commit(action)
  }

  /** @param registered - Whether the resource is registered: only then is its id opaque, as its type's manifest declares. */
  resource(resource: ResourceRef, registered: boolean): Awaitable<string> {
    return run(this.#resource(resource, registered))
  }

  *#resource(resource: ResourceRef, registered: boolean): Task<string> {
    const { type, id } = splitRef(resource)
    const manifest = this.#options.policies().byType.get(type)?.manifest
    if (!manifest) return `unknown:${this.#options.vault.commit(resource)}`
    const rule = manifest.resources[type]
    const isPerson = manifest.account === type || rule?.people === true
    const opaque = isPerson || (registered && rule?.opaque_ids === true && !(yield* wait(this.#options.isSub(id))))
    return opaque ? resource : `${type}:${this.#options.vault.commit(id)}`
  }
}
