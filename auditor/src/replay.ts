/**
 * `mandate-audit replay`: a decision's question asked again, now. Needs a PDP: a log alone cannot decide.
 *
 * @module
 */
import { type Outcome, replaySchema } from '@mandate/protocol'
import { decisionId, type Given, isSet, type Surroundings, serverOf, text, UsageError } from './given.ts'
import { ask, EXIT, SourceError } from './http.ts'
import { harmless } from './text.ts'

export async function replay(given: Given, { out, environment }: Surroundings): Promise<number> {
  const id = decisionId(given, 'replay')
  if (text(given, 'dir') !== undefined)
    throw new UsageError('replay needs --url: only a PDP can answer the question again.')
  const answer: unknown = await (await ask(await serverOf(given, environment), `/v1/decisions/${id}/replay`)).json()
  const parsed = replaySchema.safeParse(answer)
  if (!parsed.success) throw new SourceError(EXIT.data, 'the answer is not what was expected')
  const { then: before, now, differs } = parsed.data
  if (isSet(given, 'json')) {
    out(`${JSON.stringify(answer)}\n`)
    return EXIT.ok
  }
  const verdict = differs.length === 0 ? 'the same' : `differs in ${differs.join(', ')}`
  out(`${[line('then', before), line('now', now), verdict].map(harmless).join('\n')}\n`)
  return EXIT.ok
}

function line(when: string, { at, decision, reasons, chain, policy }: Outcome): string {
  const codes = reasons.map(({ code }) => code).join(', ')
  const links = chain.map(({ delegate }) => delegate)
  const path = chain[0] ? `  ${[chain[0].delegator, ...links].join(' → ')}` : ''
  return `${when.padEnd(5)} ${at}  ${decision ? 'permit' : 'DENY'.padEnd(6)}  ${codes}${path}${policy ? `  ${policy}` : ''}`
}
