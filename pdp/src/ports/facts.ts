/**
 * Facts of domains whose own model decides, by pseudonym: what they are, where they are remembered, and who makes them true.
 *
 * @module
 */
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'

/** Somebody or something is in a relation to something. */
export interface RelationFact {
  readonly domain: string
  /**
   * A party or another object of the model's. The id `*` is everybody of the type here and nowhere else: a subject who is called so can have
   * attributes and grants, and no relation fact of their own.
   */
  readonly subject: ResourceRef
  /** Whoever is in this relation to the subject, instead of itself. */
  readonly subjectRelation: string | undefined
  readonly relation: string
  readonly resource: ResourceRef
  readonly condition: { readonly name: string; readonly context: Readonly<Record<string, unknown>> } | undefined
}

/** What is known of a subject or a resource. */
export interface AttributesFact {
  readonly domain: string
  readonly of: PartyRef | ResourceRef
  readonly attributes: Readonly<Record<string, unknown>>
}

export type Fact = RelationFact | AttributesFact

/** The facts as remembered: where searches begin, and what is known of a person. The relationship store has the last word on each. */
export interface Facts {
  /** Makes these known and those forgotten, all at once. */
  change(put: readonly Fact[], drop: readonly Fact[]): Promise<void>
  has(fact: Fact): Promise<boolean>
  /** What facts of the domain are about, of one type: subjects and resources alike. Each once. */
  entities(domain: string, type: string): Promise<readonly ResourceRef[]>
  /** Every fact in which one of these stands. */
  about(refs: readonly ResourceRef[]): Promise<readonly Fact[]>
}

/** How a change of facts is carried out. Plain JSON, so that it can be kept; only the writer that planned it reads the steps. */
export interface FactPlan {
  readonly id: string
  readonly steps: unknown
}

/** Changes facts in the relationship store: true for every later decision anywhere the moment it resolves. */
export interface FactWriter {
  /** Changes nothing yet. */
  plan(write: readonly Fact[], remove: readonly Fact[]): Promise<FactPlan>
  /** All of it or nothing. Where it rejects, {@link resolve} brings that about. */
  carryOut(plan: FactPlan): Promise<void>
  /**
   * Decides a change that was cut short, before or after any of its steps, and undoes what is half done.
   *
   * @returns Whether the change was carried out; `false`: everything is as it was before.
   */
  resolve(plan: FactPlan): Promise<boolean>
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
