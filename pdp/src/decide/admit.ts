/**
 * Step 1, admit: does a policy in force know the resource type and the action? Anything unknown is denied with its code (rule A1).
 *
 * @module
 */
import { type EpochMillis, type ReasonCode, splitRef } from '@mandate/protocol'
import type { InForce, Pack } from '../policy/pack.ts'
import { type Attributes, coerceAttributes } from './attributes.ts'
import type { Evaluation } from './evaluation.ts'

/** An evaluation with what the policy says about its action. */
export interface AdmittedEvaluation {
  readonly evaluation: Evaluation
  /** The domain of the resource type. */
  readonly pack: Pack
  readonly attributes: Attributes
  readonly now: EpochMillis
  /** Whether the limits of grants apply to the action. */
  readonly limited: boolean
  /** Id of the authorization model. */
  readonly model: string
  /** Whether the subject has signed out. */
  readonly isSessionEnded: boolean
  /** Set when the domain's own model decides the action. */
  readonly relation: DecidingRelation | undefined
}

/** The relation between subject and resource that decides an action. */
export interface DecidingRelation {
  readonly name: string
  /** Whether the resource type has a `domain` relation, which conditions of the whole domain hang from. */
  readonly inDomain: boolean
}

/** An evaluation that is denied before any fact is read. */
export interface RejectedEvaluation {
  readonly rejected: ReasonCode
  /** `domain@hash` of the policy that was consulted. */
  readonly policy: string | undefined
}

export function admit(
  evaluation: Evaluation,
  policies: InForce,
  now: EpochMillis,
  isSessionEnded = false,
): AdmittedEvaluation | RejectedEvaluation {
  const { type } = splitRef(evaluation.resource)
  const pack = policies.byType.get(type)
  if (!pack) return { rejected: 'resource_unknown', policy: undefined }
  const { manifest } = pack
  const rule = Object.hasOwn(manifest.actions, evaluation.action) ? manifest.actions[evaluation.action] : undefined
  const isAbout = rule?.on === 'account' ? type === manifest.account : type !== manifest.account
  if (!rule || !isAbout) return { rejected: 'action_unknown', policy: undefined }
  if (rule.relation && !policies.model.relation(type, rule.relation))
    return { rejected: 'action_unknown', policy: undefined }
  if (evaluation.isSubjectUnknown) return { rejected: 'subject_invalid', policy: pack.version }
  return {
    evaluation,
    pack,
    now,
    limited: rule.limited,
    isSessionEnded,
    model: policies.modelId,
    relation: rule.relation
      ? { name: rule.relation, inDomain: policies.model.relation(type, 'domain') !== undefined }
      : undefined,
    attributes: coerceAttributes(manifest, evaluation.attributes, now),
  }
}
