/**
 * Step 5, gate: the owner's settings for agents. Each gate is one question about the owner's persona, in the manifest's order.
 *
 * @module
 */
import type { Gate } from '../policy/manifest.ts'
import type { GateSetting, PersonaId } from '../ports/grants.ts'
import type { Question } from '../ports/question.ts'
import type { AdmittedEvaluation } from './admit.ts'
import type { Finding } from './verdict.ts'

/** The gates that the manifest lists for the action. */
export const gatesOf = ({ pack, evaluation }: AdmittedEvaluation): readonly Gate[] =>
  pack.manifest.gates.filter((gate) => gate.actions.includes(evaluation.action))

/** The question of one gate. `undefined` when its attribute is missing or malformed: the gate has failed without a question. */
export function gateQuestion(gate: Gate, persona: PersonaId, admitted: AdmittedEvaluation): Question | undefined {
  if (!gate.attribute) return { kind: 'gate', relation: gate.relation, persona, value: 0, unit: '' }
  const measured = admitted.attributes.measured.get(gate.attribute)
  return measured && { kind: 'gate', relation: gate.relation, persona, ...measured }
}

/**
 * Explains the failed gates. A persona without settings gets one reason, the missing consent (rule F4).
 *
 * @param failed - In the manifest's order.
 */
export function gateFindings(
  failed: readonly Gate[],
  admitted: AdmittedEvaluation,
  settings: ReadonlyMap<string, GateSetting>,
): readonly Finding[] {
  const noConsent = failed.some((gate) => !gate.attribute)
  const found: Finding[] = []
  const named = new Set<string>()
  for (const gate of failed) {
    const { attribute, reason: code, name } = gate
    if (!attribute) {
      found.push({ code, gate: name })
      continue
    }
    const setting = settings.get(gate.relation)
    if (!setting && noConsent) continue
    const measured = admitted.attributes.measured.get(attribute)
    if (!measured || (setting && setting.unit !== measured.unit)) {
      if (!named.has(attribute)) found.push({ code: 'attribute_invalid', gate: name, attribute })
      named.add(attribute)
      continue
    }
    const currency = measured.unit && measured.unit !== 'ahead' ? { currency: measured.unit } : {}
    found.push({
      code,
      gate: name,
      attribute,
      ...(setting ? { limit: setting.bound } : {}),
      actual: measured.value,
      ...currency,
    })
  }
  return found
}
