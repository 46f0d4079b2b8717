/**
 * Check of a log rule: no permit used a grant that had ended before the decision. A permit is logged after it was decided, so its entry may follow the
 * entry that ended its grant. Its `as_of.position` says how many entries the log had at the decision: if the grant's end is among those, the rule is
 * violated. Entries without `as_of` (of earlier versions) are not checked.
 *
 * @module
 */
import { findId } from './entry-text.ts'

/**
 * Maximum time between a decision and its log entry. Longer than any request can take; without a bound, a dishonest PDP could justify any permit by
 * claiming an early decision.
 */
export const MAX_UNRECORDED_MS = 60_000

/** The last use of a grant by a permit, ordered by the position of the decision. */
export interface GrantUse {
  /** `as_of.position` of the permit: number of entries in the log at the decision. */
  readonly position: number
  /** Index of the permit's entry. */
  readonly index: number
  /** Id of the permit's entry. */
  readonly id: string | undefined
}

/** Uses and ends of grants in a range of entries. Structured-cloneable: worker threads return it. */
export interface GrantTimeline {
  /** Last use by grant id. */
  readonly used: Map<string, GrantUse>
  /** Index of the first entry that ended the grant, by grant id. */
  readonly ended: Map<string, number>
  /** Entries with an impossible `as_of`. */
  readonly impossible: { readonly index: number; readonly id: string | undefined; readonly problem: string }[]
}

/** A timeline without entries. */
export const emptyTimeline = (): GrantTimeline => ({ used: new Map(), ended: new Map(), impossible: [] })

const AS_OF = /"as_of":\{"at":"([^"]+)","position":(\d+)\},"at":"([^"]+)"/u
/** Grant ids of chain links. Only there is `grant` followed by `scope`; in a reason it is not. */
const LINK_GRANT = /"grant":"([^"\\]+)","scope":/gu
const TARGET = /"target":"([^"\\]+)"/u

/** Adds one entry to a timeline. @param text - Canonical JSON: the patterns rely on the order of its members. */
export function addEntry(timeline: GrantTimeline, index: number, text: string): void {
  if (text.includes('"kind":"grant_revoked"')) {
    const [, grant] = TARGET.exec(text) ?? []
    if (grant && index < (timeline.ended.get(grant) ?? Number.POSITIVE_INFINITY)) timeline.ended.set(grant, index)
    return
  }
  const [, decided = '', written = '', recorded = ''] = AS_OF.exec(text) ?? []
  if (!written) return
  const position = Number(written)
  const id = findId(text)
  const problem = asOfProblem(index, position, Date.parse(recorded) - Date.parse(decided))
  if (problem) timeline.impossible.push({ index, id, problem })
  if (!text.includes('"decision":true')) return
  for (const [, grant = ''] of text.matchAll(LINK_GRANT))
    if (position > (timeline.used.get(grant)?.position ?? -1)) timeline.used.set(grant, { position, index, id })
}

/** Why an `as_of` is impossible; `undefined` when it is possible. */
function asOfProblem(index: number, position: number, unrecordedMs: number): string | undefined {
  if (position > index) return `says that it was decided when the log had ${position} entries, more than come before it`
  if (unrecordedMs < 0) return 'says that it was decided after it was recorded'
  if (unrecordedMs > MAX_UNRECORDED_MS)
    return `says that it was decided ${Math.round(unrecordedMs / 1000)} s before it was recorded`
  return undefined
}

/** Merges `more` into `timeline`. The order of merging does not matter. */
export function mergeTimeline(timeline: GrantTimeline, more: GrantTimeline): void {
  for (const [grant, use] of more.used)
    if (use.position > (timeline.used.get(grant)?.position ?? -1)) timeline.used.set(grant, use)
  for (const [grant, index] of more.ended)
    if (index < (timeline.ended.get(grant) ?? Number.POSITIVE_INFINITY)) timeline.ended.set(grant, index)
  timeline.impossible.push(...more.impossible)
}

/** Violations of the rule: permits that used an ended grant, and entries with an impossible `as_of`. */
export function findViolations({ used, ended, impossible }: GrantTimeline): GrantTimeline['impossible'] {
  const findings = [...impossible]
  for (const [grant, { position, index, id }] of used) {
    const end = ended.get(grant)
    if (end === undefined || end >= position) continue
    const problem = `permits by grant ${grant}, which entry ${end} had ended before it was decided, when the log had ${position} entries`
    findings.push({ index, id, problem })
  }
  return findings
}
