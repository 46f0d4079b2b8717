/**
 * Facts of domains whose own model decides, by pseudonym, and the store that keeps a copy of them.
 *
 * @module
 */
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'

/** A subject is in a relation to a resource. */
export interface RelationFact {
  readonly domain: string
  /**
   * A party or another object of the model. The id `*` means every subject of the type, here and nowhere else: a subject whose id is `*` can
   * have attributes and grants, and no relation fact of its own.
   */
  readonly subject: ResourceRef
  /** Set: the members of this relation of the subject, instead of the subject itself. */
  readonly subjectRelation: string | undefined
  readonly relation: string
  readonly resource: ResourceRef
  readonly condition: { readonly name: string; readonly context: Readonly<Record<string, unknown>> } | undefined
}

/** Attributes of a subject or a resource. */
export interface AttributesFact {
  readonly domain: string
  readonly of: PartyRef | ResourceRef
  readonly attributes: Readonly<Record<string, unknown>>
}

export type Fact = RelationFact | AttributesFact

/** A copy of the facts, for searches and for exports of a person's data. The relationship store is authoritative. */
export interface Facts {
  /** Adds `put` and removes `drop`, atomically. */
  change(put: readonly Fact[], drop: readonly Fact[]): Promise<void>
  has(fact: Fact): Promise<boolean>
  /** Subjects and resources of one type that occur in facts of the domain, without duplicates. */
  entities(domain: string, type: string): Promise<readonly ResourceRef[]>
  /** All facts with one of these as subject or resource. */
  about(refs: readonly ResourceRef[]): Promise<readonly Fact[]>
}

export const isAboutEverybody = ({ subject }: RelationFact): boolean => splitRef(subject).id === '*'

/** `#` ends the subject in a key, so one in an id becomes a control character, which no id holds. */
const keyOf = (ref: ResourceRef): string => ref.replaceAll('#', '\u001f')

/** Two facts with the same key are the same, or values of the same. */
export function factKey(fact: Fact): string {
  if ('of' in fact) return `${fact.domain} ${keyOf(fact.of)}`
  const { domain, subject, subjectRelation, relation, resource } = fact
  return `${domain} ${keyOf(subject)}#${subjectRelation ?? ''} ${relation} ${resource}`
}
