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
import type { Manifest } from '../policy/manifest.ts'
import type { Policies } from '../policy/pack.ts'
import type { Vault } from '../remembered.ts'

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

  /** Whether a text is the sub of a known person, in any spelling: it may stand nowhere but in the vault. */
  isSub(text: string): boolean {
    return this.#options.vault.isSub(this.#options.issuer, text)
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

  /** Whatever stands in a fact of a domain: people and what has their ids by pseudonym, anything else as its service names it. */
  inwardObject(type: string, id: string, domain: string, as?: 'subject'): ResourceRef {
    const manifest = this.#options.policies().byDomain.get(domain)?.manifest
    const isPerson = as === 'subject' && namesPeople(type, manifest)
    if (id === '*') return `${isPerson ? 'user' : type}:*`
    if (isPerson) return this.inward(`user:${id}`)
    return type === 'agent' ? `agent:${id}` : this.#resource(type, id)
  }

  /** A subject by one of the domain's words for it; `undefined` for one that is neither a person nor an agent there. */
  #subject(type: string, id: string, domain: Manifest | undefined): PartyRef | undefined {
    if (type === 'agent') return `agent:${id}`
    return namesPeople(type, domain) ? this.inward(`user:${id}`) : undefined
  }

  /** A resource as callers know it. */
  outwardResource(resource: ResourceRef): { readonly type: string; readonly id: string } {
    const { type, id } = splitRef(resource)
    const people = this.#options.policies().byType.get(type)?.manifest.resources[type]?.people
    return { type, id: people ? splitRef(this.outward(`user:${id}`)).id : id }
  }

  /** An owner's account is named by its owner, and so is whatever has people's ids; everything else is named by its service. */
  #resource(type: string, id: string): ResourceRef {
    const objection = idObjection(type)
    if (objection) throw refuse('invalid_request', `resource.type: ${objection}.`)
    const manifest = this.#options.policies().byType.get(type)?.manifest
    const personal = manifest && (manifest.account === type || manifest.resources[type]?.people)
    return personal ? `${type}:${splitRef(this.inward(`user:${id}`)).id}` : `${type}:${id}`
  }

  /**
   * `undefined` for a subject of a type that is neither a person nor an agent: nobody can have granted it anything.
   *
   * @param searched - No resource is meant: its id stands for nobody.
   */
  evaluation(request: EvaluationRequest, searched?: 'any resource'): Evaluation | undefined {
    const { subject, action, resource } = request
    const party = this.#subject(subject.type, subject.id, this.#options.policies().byType.get(resource.type)?.manifest)
    if (!party) return undefined
    const act = subject.properties?.act
    const issued = subject.properties?.iat
    return {
      subject: party,
      actor: act ? `agent:${act.sub}` : undefined,
      persona: subject.properties?.persona,
      session: subject.properties?.sid,
      sessionIssuedAt: issued === undefined ? undefined : issued * 1000,
      about: { subject: subject.properties ?? {}, action: action.properties ?? {} },
      action: action.name,
      resource: searched ? `${resource.type}:any` : this.#resource(resource.type, resource.id),
      attributes: resource.properties ?? {},
    }
  }
}

/** Whether a domain calls people so, when it speaks of subjects. */
const namesPeople = (type: string, domain: Manifest | undefined): boolean =>
  type === 'user' || domain?.subjects.includes(type) === true
