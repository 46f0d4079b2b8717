/**
 * Pseudonymizer: translates between external references (people by sub) and internal ones (people by pseudonym). The only place of that translation.
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
import type { Awaitable } from '../ports/awaitable.ts'
import type { Vault } from '../ports/stores.ts'
import { run, type Task, wait } from '../runtime/task.ts'

/** External reference of a person whose row in the vault has been deleted. */
const ERASED = 'user:erased'
/** Internal reference of a subject whose type the domain does not have. Equals no party, since ids are not empty. */
const NOBODY: PartyRef = 'agent:'
/** Wildcard for every subject of a type, in relation facts only; in an evaluation `*` is an ordinary id. */
const EVERYBODY = '*'

/** The principal that names a person. A service has types; the PDP's operator counts as a service. */
type NamedBy = Pick<Principal, 'types'>

export interface PseudonymizerOptions {
  readonly issuer: string
  readonly vault: Vault
  readonly policies: () => Policies
}

export class Pseudonymizer {
  readonly #options: PseudonymizerOptions

  constructor(options: PseudonymizerOptions) {
    this.#options = options
  }

  /**
   * Translates a party to its internal reference. Registers an unknown person only when a service names them, which stores their resources. Other
   * callers could register any word as a person's sub, and the PDP refuses such words as names.
   */
  toInternal(party: PartyRef, by: NamedBy): Awaitable<PartyRef> {
    const { type, id } = splitRef(party)
    if (type !== 'user') return party
    const { issuer, vault } = this.#options
    return by.types ? vault.pseudonymOf(issuer, id) : vault.mentioned(issuer, id)
  }

  /** Translates a party to its internal reference; `undefined` for an unknown person. */
  async toInternalKnown(party: PartyRef): Promise<PartyRef | undefined> {
    const { type, id } = splitRef(party)
    return type === 'user' ? this.#options.vault.known(this.#options.issuer, id) : party
  }

  /** Whether a text is the sub of a known person, in any spelling; such a text may be stored only in the vault. */
  isSub(text: string): Awaitable<boolean> {
    return this.#options.vault.isSub(this.#options.issuer, text)
  }

  /** Translates an internal party to its external reference. */
  toExternal(party: PartyRef): Awaitable<string> {
    return party.startsWith('user:') ? run(this.#personOutside(party)) : party
  }

  *#personOutside(pseudonym: PartyRef): Task<string> {
    const sub = yield* wait(this.#options.vault.subOf(pseudonym))
    return sub === undefined ? ERASED : `user:${sub}`
  }

  toExternalLink(link: Link): Awaitable<Link> {
    return run(this.#linkOutside(link))
  }

  *#linkOutside(link: Link): Task<Link> {
    const delegator = yield* wait(this.toExternal(link.delegator as PartyRef))
    return { ...link, delegator, delegate: yield* wait(this.toExternal(link.delegate as PartyRef)) }
  }

  /** Translates the subject of a relation fact, where `*` means every subject of the type. */
  async toInternalFactSubject(type: string, id: string, domain: string, by: NamedBy): Promise<ResourceRef> {
    if (id !== EVERYBODY) return this.toInternalSubject(type, id, domain, by)
    return `${namesPeople(type, this.#options.policies().byDomain.get(domain)?.manifest) ? 'user' : type}:${EVERYBODY}`
  }

  /** Translates any subject of a fact: people to pseudonyms; other references stay unchanged. */
  async toInternalSubject(type: string, id: string, domain: string, by: NamedBy): Promise<ResourceRef> {
    const manifest = this.#options.policies().byDomain.get(domain)?.manifest
    return (await this.#subject(type, id, manifest, by)) ?? this.toInternalResource(type, id, by)
  }

  /** Translates a subject by the domain's subject types; `undefined` for a type that is neither a person nor an agent. */
  #subject(type: string, id: string, domain: Manifest | undefined, by: NamedBy): Awaitable<PartyRef | undefined> {
    if (type === 'agent') return `agent:${id}`
    return namesPeople(type, domain) ? this.toInternal(`user:${id}`, by) : undefined
  }

  /** Translates an internal resource to its external reference. */
  async toExternalResource(resource: ResourceRef): Promise<{ readonly type: string; readonly id: string }> {
    const { type, id } = splitRef(resource)
    const people = this.#options.policies().byType.get(type)?.manifest.resources[type]?.people
    return { type, id: people ? splitRef((await this.toExternal(`user:${id}`)) as PartyRef).id : id }
  }

  /** Translates a resource to its internal reference. Accounts and other types with people's ids are translated; other ids stay unchanged. */
  toInternalResource(type: string, id: string, by: NamedBy): Awaitable<ResourceRef> {
    const manifest = this.#options.policies().byType.get(type)?.manifest
    const personal = manifest && (manifest.account === type || manifest.resources[type]?.people)
    return personal ? run(this.#personsResource(type, id, by)) : entityRef(type, id)
  }

  *#personsResource(type: string, id: string, by: NamedBy): Task<ResourceRef> {
    return `${type}:${splitRef(yield* wait(this.toInternal(`user:${id}`, by))).id}`
  }

  /** @param searched - The id is a placeholder of a search, and is no person's. */
  evaluation(request: EvaluationRequest, by: NamedBy, searched?: 'any resource'): Awaitable<Evaluation> {
    return run(this.#evaluation(request, by, searched))
  }

  *#evaluation(request: EvaluationRequest, by: NamedBy, searched: 'any resource' | undefined): Task<Evaluation> {
    const { subject, action, resource } = request
    const domain = this.#options.policies().byType.get(resource.type)?.manifest
    const party = yield* wait(this.#subject(subject.type, subject.id, domain, by))
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
        : yield* wait(this.toInternalResource(resource.type, resource.id, by)),
      attributes: resource.properties ?? {},
    }
  }
}

/** Whether a subject type denotes people in a domain. */
const namesPeople = (type: string, domain: Manifest | undefined): boolean =>
  type === 'user' || domain?.subjects.includes(type) === true
