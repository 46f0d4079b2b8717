/**
 * Orders the candidates and drops those that have ended. A grant that the register has as revoked or expired needs no question: it cannot permit, and
 * the near miss explains it from the register. Candidates that their bodies alone rule out come last.
 *
 * @module
 */
import type { Candidate, GrantBody } from '../ports/grants.ts'
import type { Circumstances } from '../ports/question.ts'
import type { PastGrants } from '../ports/register.ts'
import { type Task, wait } from '../runtime/task.ts'
import { breachedLimits, staticFlaws } from './chain.ts'

export interface RankedCandidates {
  /** Candidates that may permit, as far as the register knows. Shortest chains first. */
  readonly likely: readonly Candidate[]
  /** Candidates too narrow for the question, or with a limit that is exceeded: a denial may name them. */
  readonly unlikely: readonly Candidate[]
}

export function* rankCandidates(
  candidates: readonly Candidate[],
  past: Pick<PastGrants, 'byIds'>,
  circumstances: Circumstances,
): Task<RankedCandidates> {
  const records = yield* wait(past.byIds(candidates.flatMap(({ path }) => path)))
  const likely: Candidate[] = []
  const unlikely: Candidate[] = []
  for (const candidate of inOrder(candidates)) {
    const chain = candidate.path.flatMap((id) => records.get(id) ?? [])
    if (chain.some(({ revokedAt, expiresAt }) => revokedAt !== undefined || expiresAt <= circumstances.now)) continue
    if (chain.some((body) => isRuledOut(body, circumstances))) unlikely.push(candidate)
    else likely.push(candidate)
  }
  return { likely, unlikely }
}

/** The candidates that may permit, as far as the bodies of their chains tell. Shortest chains first. */
export function likelyByBodies(
  candidates: readonly Candidate[],
  bodies: ReadonlyMap<string, GrantBody>,
  circumstances: Circumstances,
): readonly Candidate[] {
  return inOrder(candidates).filter(({ path }) =>
    path.every((id) => {
      const body = bodies.get(id)
      return body !== undefined && !isRuledOut(body, circumstances)
    }),
  )
}

const isRuledOut = (body: GrantBody, circumstances: Circumstances): boolean =>
  staticFlaws(body, circumstances).length > 0 ||
  (circumstances.limited && breachedLimits(body, circumstances.attributes).length > 0)

const inOrder = (candidates: readonly Candidate[]): readonly Candidate[] =>
  [...candidates].sort((a, b) => a.path.length - b.path.length || (a.grant < b.grant ? -1 : 1))
