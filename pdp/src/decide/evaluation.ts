/**
 * One AuthZEN evaluation as the decision takes it: people by pseudonym, members as sent.
 *
 * @module
 */
import type { EpochMillis, PartyRef, ResourceRef } from '@mandate/protocol'

type Properties = Readonly<Record<string, unknown>>

/** One AuthZEN evaluation behind the pseudonymizer. */
export interface Evaluation {
  /** The party whose authority is used. */
  readonly subject: PartyRef
  /** Set when the domain does not know the subject's type: `subject` is a placeholder, and the evaluation is denied (rule A1). */
  readonly isSubjectUnknown?: true
  /** The agent that acts on behalf of the subject. `undefined` when the subject acts. */
  readonly actor: PartyRef | undefined
  /** The persona that the subject acts in, `title/circle`. */
  readonly persona: string | undefined
  /** The subject's session at the identity provider (`sid`), when the caller sent it. */
  readonly session?: string | undefined
  /** When the subject's token was issued. */
  readonly sessionIssuedAt?: EpochMillis | undefined
  /** `subject.properties` and `action.properties`. Members that the manifest does not declare are ignored. */
  readonly about: { readonly subject: Properties; readonly action: Properties }
  readonly action: string
  readonly resource: ResourceRef
  /** `resource.properties`. Members that the manifest does not declare are ignored. */
  readonly attributes: Properties
}
