/**
 * The pseudonymizer: what callers send names people by sub, what lies behind names them by pseudonym. Translated here, both ways, and nowhere else.
 *
 * @module
 */
import {
  type EvaluationRequest,
  entityRef,
  type Link,
  type PartyRef,
  type ResourceRef,
  splitRef,
} from '@mandate/protocol'
import type { Evaluation } from '../decide/evaluation.ts'
import type { Principal } from '../pap/pap.ts'
import type { Manifest } from '../policy/manifest.ts'
import type { Policies } from '../policy/pack.ts'
import type { Vault } from '../ports/stores.ts'

/** Stands for a person whose row of the vault is gone. */
const ERASED = 'user:erased'
/** Stands for a subject of a type that the domain does not know. Equals no party: ids are not empty. */
const NOBODY: PartyRef = 'agent:'
/** Everybody of a type, in the subject of a relation fact and nowhere else: in a question `*` is an id like any other. */
const EVERYBODY = '*'

/** Who names a person. A service has types; the PDP's own operator counts as one. */
type NamedBy = Pick<Principal, 'types'>

export interface BorderOptions {
  readonly issuer: string
  readonly vault: Vault
  readonly policies: () => Policies
}

export class Pseudonymizer {
  readonly #options: BorderOptions

  constructor(options: BorderOptions) {
    this.#options = options
  }

  /**
   * A party as sent. A person nobody has heard of becomes known by being named by a service, which keeps things of theirs; anybody else could make
   * any word a person's, and the PDP refuses such words as names.
   */
  async toInternal(party: PartyRef, by: NamedBy): Promise<PartyRef> {
    const { type, id } = splitRef(party)
    if (type !== 'user') return party
    const { issuer, vault } = this.#options
    return by.types ? vault.pseudonymOf(issuer, id) : vault.mentioned(issuer, id)
  }

  /** A party as sent, if it is known. */
  async toInternalKnown(party: PartyRef): Promise<PartyRef | undefined> {
    const { type, id } = splitRef(party)
    return type === 'user' ? this.#options.vault.known(this.#options.issuer, id) : party
  }

  /** Whether a text is the sub of a known person, in any spelling: it may stand nowhere but in the vault. */
  isSub(text: string): Promise<boolean> {
    return this.#options.vault.isSub(this.#options.issuer, text)
  }

  /** A party as callers know it. */
  async toExternal(party: PartyRef): Promise<string> {
    if (!party.startsWith('user:')) return party
    const sub = await this.#options.vault.subOf(party)
    return sub === undefined ? ERASED : `user:${sub}`
  }

  async toExternalLink(link: Link): Promise<Link> {
    return {
      ...link,
      delegator: await this.toExternal(link.delegator as PartyRef),
      delegate: await this.toExternal(link.delegate as PartyRef),
    }
  }

  /** The subject of a relation fact: like any other, but that `*` is everybody of the type. */
  async toInternalFactSubject(type: string, id: string, domain: string, by: NamedBy): Promise<ResourceRef> {
    if (id !== EVERYBODY) return this.toInternalSubject(type, id, domain, by)
    return `${namesPeople(type, this.#options.policies().byDomain.get(domain)?.manifest) ? 'user' : type}:${EVERYBODY}`
  }

  /** What a fact names as a subject: people by pseudonym, anything else as its service names it. */
  async toInternalSubject(type: string, id: string, domain: string, by: NamedBy): Promise<ResourceRef> {
    const manifest = this.#options.policies().byDomain.get(domain)?.manifest
    return (await this.#subject(type, id, manifest, by)) ?? this.toInternalResource(type, id, by)
  }

  /** A subject by one of the domain's words for it; `undefined` for one that is neither a person nor an agent there. */
  async #subject(type: string, id: string, domain: Manifest | undefined, by: NamedBy): Promise<PartyRef | undefined> {
    if (type === 'agent') return `agent:${id}`
    return namesPeople(type, domain) ? this.toInternal(`user:${id}`, by) : undefined
  }

  /** A resource as callers know it. */
  async toExternalResource(resource: ResourceRef): Promise<{ readonly type: string; readonly id: string }> {
    const { type, id } = splitRef(resource)
    const people = this.#options.policies().byType.get(type)?.manifest.resources[type]?.people
    return { type, id: people ? splitRef((await this.toExternal(`user:${id}`)) as PartyRef).id : id }
  }

  /** An owner's account is named by its owner, and so is whatever has people's ids; everything else is named by its service. */
  async toInternalResource(type: string, id: string, by: NamedBy): Promise<ResourceRef> {
    const manifest = this.#options.policies().byType.get(type)?.manifest
    const personal = manifest && (manifest.account === type || manifest.resources[type]?.people)
    return personal ? `${type}:${splitRef(await this.toInternal(`user:${id}`, by)).id}` : entityRef(type, id)
  }

  /** @param searched - No resource is meant: its id stands for nobody. */
  async evaluation(request: EvaluationRequest, by: NamedBy, searched?: 'any resource'): Promise<Evaluation> {
    const { subject, action, resource } = request
    const domain = this.#options.policies().byType.get(resource.type)?.manifest
    const party = await this.#subject(subject.type, subject.id, domain, by)
    const act = subject.properties?.act
    const issued = subject.properties?.iat
    return {
      subject: party ?? NOBODY,
      ...(party ? {} : { isSubjectUnknown: true }),
      actor: act ? `agent:${act.sub}` : undefined,
      persona: subject.properties?.persona,
      session: subject.properties?.sid,
      sessionIssuedAt: issued === undefined ? undefined : issued * 1000,
      about: { subject: subject.properties ?? {}, action: action.properties ?? {} },
      action: action.name,
      resource: searched
        ? entityRef(resource.type, 'any')
        : await this.toInternalResource(resource.type, resource.id, by),
      attributes: resource.properties ?? {},
    }
  }
}

/** Whether a domain calls people so, when it speaks of subjects. */
const namesPeople = (type: string, domain: Manifest | undefined): boolean =>
  type === 'user' || domain?.subjects.includes(type) === true
