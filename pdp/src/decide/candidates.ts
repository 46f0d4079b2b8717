/**
 * Which candidates are worth a question, and in which order. What the register remembers as ended or expired is asked about no more: that can
 * only deny, and a near miss explains it without its tuples. What a body alone rules out is asked about last.
 *
 * @module
 */
import type { Candidate } from '../ports/grants.ts'
import type { Circumstances } from '../ports/question.ts'
import type { PastGrants } from '../ports/register.ts'
import { breachedLimits, staticFlaws } from './chain.ts'

export interface Sifted {
  /** Nothing that is remembered stands against them. Shortest chains first. */
  readonly likely: readonly Candidate[]
  /** Too narrow for the question, or above their own limits: a denial may name them. */
  readonly unlikely: readonly Candidate[]
}

export async function sift(
  candidates: readonly Candidate[],
  past: Pick<PastGrants, 'byIds'>,
  circumstances: Circumstances,
): Promise<Sifted> {
  const records = await past.byIds(candidates.flatMap(({ path }) => path))
  const likely: Candidate[] = []
  const unlikely: Candidate[] = []
  for (const candidate of inOrder(candidates)) {
    const chain = candidate.path.flatMap((id) => records.get(id) ?? [])
    if (chain.some(({ revokedAt, expiresAt }) => revokedAt !== undefined || expiresAt <= circumstances.now)) continue
    const isRuledOut = chain.some(
      (body) =>
        staticFlaws(body, circumstances).length > 0 ||
        (circumstances.limited && breachedLimits(body, circumstances.attributes).length > 0),
    )
    if (isRuledOut) unlikely.push(candidate)
    else likely.push(candidate)
  }
  return { likely, unlikely }
}

const inOrder = (candidates: readonly Candidate[]): readonly Candidate[] =>
  [...candidates].sort((a, b) => a.path.length - b.path.length || (a.grant < b.grant ? -1 : 1))
