/**
 * Compares a decision with what a case promises. Pure.
 *
 * @module
 */
import type { Decision, DecisionContext, EvaluationRequest } from '@mandate/protocol'
import type { CaseQuestion } from './cases.ts'

/** A question with the PDP's decision. */
export interface PlayedDecision {
  readonly request: EvaluationRequest
  readonly decision: boolean
  readonly context: DecisionContext
}

/** @returns How the decision differs from the promise; `undefined` when it does not. */
export function differenceOf(question: CaseQuestion, { decision, context }: PlayedDecision): string | undefined {
  const came = spelled(
    decision,
    context.reasons.map(({ code }) => code),
  )
  const wanted = spelled(question.permit !== undefined, question.permit ? [question.permit] : (question.deny ?? []))
  if (came !== wanted) return `${wanted} was promised, ${came} came`
  const chain = namesOf(context.chain).map((ref) => ref.slice(ref.indexOf(':') + 1))
  if (question.chain && question.chain.join(' → ') !== chain.join(' → '))
    return `the chain ${question.chain.join(' → ')} was promised, ${chain.join(' → ') || 'none'} came`
  return undefined
}

const spelled = (decision: Decision['decision'], codes: readonly string[]): string =>
  `${decision ? 'permit' : 'deny'} ${codes.join(', ')}`

function namesOf(chain: DecisionContext['chain']): readonly string[] {
  const [first] = chain
  return first ? [first.delegator, ...chain.map(({ delegate }) => delegate)] : []
}
