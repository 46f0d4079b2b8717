/**
 * The border: what callers send names people by sub, what lies behind names them by pseudonym. Translated here, both ways, and nowhere else.
 *
 * @module
 */
import {
  type EvaluationRequest,
  idObjection,
  type Link,
  type PartyRef,
  type ResourceRef,
  refuse,
  splitRef,
} from '@mandate/protocol'
import type { Evaluation } from '../decide/question.ts'
import type { Policies } from '../policy/pack.ts'
import type { Vault } from '../ports.ts'

/** Stands for a person whose row of the vault is gone. */
const ERASED = 'user:erased'

export interface BorderOptions {
  readonly issuer: string
  readonly vault: Vault
  readonly policies: () => Policies
}

export class Border {
  readonly #options: BorderOptions

  constructor(options: BorderOptions) {
    this.#options = options
  }

  /** A party as sent; a person nobody has heard of gets a pseudonym, since even a question about them is recorded. */
  inward(party: PartyRef): PartyRef {
    const { type, id } = splitRef(party)
    return type === 'user' ? this.#options.vault.pseudonymOf(this.#options.issuer, id) : party
  }

  /** A party as sent, if it is known. */
  inwardKnown(party: PartyRef): PartyRef | undefined {
    const { type, id } = splitRef(party)
    return type === 'user' ? this.#options.vault.known(this.#options.issuer, id) : party
  }

  /** Whether a text is somebody's sub: then it is kept nowhere but in the vault. */
  isSub(text: string): boolean {
    return this.#options.vault.known(this.#options.issuer, text) !== undefined
  }

  /** A party as callers know it. */
  outward(party: PartyRef): string {
    if (!party.startsWith('user:')) return party
    const sub = this.#options.vault.subOf(party)
    return sub === undefined ? ERASED : `user:${sub}`
  }

  outwardLink(link: Link): Link {
    return {
      ...link,
      delegator: this.outward(link.delegator as PartyRef),
      delegate: this.outward(link.delegate as PartyRef),
    }
  }

  /** An owner's account is named by its owner; everything else is named by its service. */
  #resource(type: string, id: string): ResourceRef {
    const objection = idObjection(type)
    if (objection) throw refuse('invalid_request', `resource.type: ${objection}.`)
    const pack = this.#options.policies().byType.get(type)
    if (pack?.manifest.account !== type) return `${type}:${id}`
    return `${type}:${splitRef(this.inward(`user:${id}`)).id}`
  }

  /** `undefined` for a subject of a type that is neither a person nor an agent: nobody can have granted it anything. */
  evaluation(request: EvaluationRequest): Evaluation | undefined {
    const { subject, action, resource } = request
    if (subject.type !== 'user' && subject.type !== 'agent') return undefined
    const act = subject.properties?.act
    return {
      subject: this.inward(`${subject.type}:${subject.id}`),
      actor: act ? `agent:${act.sub}` : undefined,
      persona: subject.properties?.persona,
      action: action.name,
      resource: this.#resource(resource.type, resource.id),
      attributes: resource.properties ?? {},
    }
  }
}
