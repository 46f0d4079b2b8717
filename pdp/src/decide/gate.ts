/**
 * Step 5, gate: what the owner lets agents do without them. Asked of the owner's persona, gate by gate, in the manifest's order.
 *
 * @module
 */
import type { Gate } from '../policy/manifest.ts'
import type { GateSetting, PersonaId } from '../ports/grants.ts'
import type { Question } from '../ports/question.ts'
import type { Admitted } from './admit.ts'
import type { Finding } from './question.ts'

/** The gates that the manifest lists for the action. */
export const gatesOf = ({ pack, evaluation }: Admitted): readonly Gate[] =>
  pack.manifest.gates.filter((gate) => gate.actions.includes(evaluation.action))

/** The question of one gate, or `undefined` when the attribute it needs is missing or malformed: then it has failed already. */
export function gateQuestion(gate: Gate, persona: PersonaId, admitted: Admitted): Question | undefined {
  if (!gate.attribute) return { kind: 'gate', relation: gate.relation, persona, value: 0, unit: '' }
  const measured = admitted.attributes.measured.get(gate.attribute)
  return measured && { kind: 'gate', relation: gate.relation, persona, ...measured }
}

/**
 * Explains the gates that did not open. Without settings there is nothing but the missing consent to report (rule F4).
 *
 * @param failed - In the manifest's order.
 */
export function gateFindings(
  failed: readonly Gate[],
  admitted: Admitted,
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
