/**
 * What `npm run chaos` promises, and what was found of each promise.
 *
 * @module
 */
import type { ChaosResult } from './run.ts'

/** One promise. */
export interface Row {
  readonly what: string
  readonly found: string
  readonly isRight: boolean
}

type Judged = Pick<ChaosResult, 'violations' | 'log' | 'recoveries' | 'decisions' | 'grantChanges' | 'counts'>

/** @param mostMs - How long a part may take to answer after a fault. */
export function verdictOf(result: Judged, mostMs: number): readonly Row[] {
  const { violations, log, recoveries, decisions, grantChanges, counts } = result
  const wrong = (kind: string): number => violations.filter((one) => one.kind === kind).length
  const missing = (...kinds: readonly string[]): number => log.missing.filter(({ what }) => kinds.includes(what)).length
  const none = (what: string, count: number, of: string): Row => ({
    what,
    found: `${count} of ${of}`,
    isRight: count === 0,
  })
  const late = recoveries.filter(({ ms }) => ms > mostMs)
  const times = recoveries.map(({ ms }) => ms).toSorted((one, other) => one - other)
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0
  return [
    none('wrong permits', wrong('permit after revocation'), `${counts.permits} permits`),
    none('wrong denials', wrong('denial after grant'), `${counts.denials} denials`),
    none('torn decisions', wrong('torn'), `${counts.permits + counts.denials} decisions`),
    none('answered decisions missing in the logs', missing('decision', 'other decision'), `${decisions} decisions`),
    none('answered grants and revocations missing', missing('grant', 'revocation'), `${grantChanges} changes`),
    none('problems that verify finds in the logs', log.findings.length, `${log.entries} entries`),
    {
      what: `recovery within ${mostMs / 1_000} s`,
      found: `${late.length} of ${times.length} later; median ${at(0.5)} ms, 99 % ${at(0.99)} ms, slowest ${at(1)} ms${worstOf(late)}`,
      // Nothing was caused that anything had to recover from.
      isRight: late.length === 0 && times.length > 0,
    },
  ]
}

function worstOf(late: ChaosResult['recoveries']): string {
  const worst = late.toSorted((one, other) => other.ms - one.ms).slice(0, 3)
  return worst.map(({ part, ms, after }) => `; ${part} ${ms} ms after ${after.join(' and ')}`).join('')
}
