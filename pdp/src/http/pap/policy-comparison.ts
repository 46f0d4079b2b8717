/**
 * `GET /v1/policies/comparison` for operators and auditors: the newest evaluations of the log, decided again by two versions of the policies. Enforced by
 * no service, so it is recorded as a read of the log. Operators get numbers and reason codes, auditors also the entries' ids.
 *
 * @module
 */
import { type PolicyComparison, policyComparisonQuerySchema } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import {
  comparePolicies,
  type PolicyComparisonResult,
  type PolicyOutcome,
  type TurnedEntry,
} from '../../decide/compare-policies.ts'
import { principalOf } from '../exchange.ts'
import { parse } from '../parse.ts'
import type { PapRouteDeps } from './common.ts'

/** Ids of entries that are shown for each way in which decisions differ. */
const MAX_IDS = 20

export function comparisonRoute({ index, record, policyControl, judgeBy }: PapRouteDeps): RequestHandler {
  return async (req, res) => {
    const by = principalOf(res)
    const { limit, ...versions } = parse(policyComparisonQuerySchema, req.query)
    const before = await policyControl.kept(versions.before, by)
    const after = await policyControl.kept(versions.after, by)
    const { entries } = await index.query({ kind: 'evaluation', limit })
    const result = await comparePolicies(entries, judgeBy(before), judgeBy(after))
    const compared = { before: before.version, after: after.version }
    const change = { as: 'policy_comparison', ...compared, found: entries.length }
    await record([{ kind: 'log_read', caller: by.name, ...by.origin, change }])
    const isAuditor = by.roles.includes('auditor')
    const answer: PolicyComparison = { ...compared, ...shownResult(result, entries.length, isAuditor) }
    res.json(answer)
  }
}

function shownResult(
  { madeAgain, turned, notMadeAgain, otherwiseToday }: PolicyComparisonResult,
  evaluations: number,
  isAuditor: boolean,
): Omit<PolicyComparison, 'before' | 'after'> {
  return {
    complete: madeAgain === evaluations,
    evaluations,
    made_again: madeAgain,
    not_made_again: [...notMadeAgain].map(([why, count]) => ({ why, count })),
    otherwise_today: otherwiseToday,
    turned: [...Map.groupBy(turned, wayOf).values()].flatMap((same) => shownTurn(same, isAuditor)),
  }
}

const textOf = ({ decision, reason }: PolicyOutcome): string => `${decision} ${reason}`
const wayOf = ({ before, after }: TurnedEntry): string => `${textOf(before)} ${textOf(after)}`

/** @param same - Entries that differ in the same way. */
function shownTurn(same: readonly TurnedEntry[], isAuditor: boolean): PolicyComparison['turned'] {
  const [first] = same
  if (!first) return []
  const { before, after } = first
  const ids = same.slice(0, MAX_IDS).map(({ entry }) => entry.id)
  return [{ before: { ...before }, after: { ...after }, count: same.length, ...(isAuditor ? { entries: ids } : {}) }]
}
