/**
 * Which decisions of a log a change of policy would turn: each is made again under both policies, on one copy of the facts, with the clock at
 * the entry's time, so that a difference is due to the policy alone.
 *
 * @module
 */
import {
  CachedRelations,
  comparePolicies,
  decide,
  FgaStore,
  type InForce,
  OpenFgaClient,
  OpenFgaRelations,
  type Policies,
  type PolicyComparisonResult,
  type PolicyJudge,
  type PolicyOutcome,
  type TurnedEntry,
} from '@mandate/pdp'
import type { Entry } from '@mandate/protocol'
import { startOpenFga } from '@mandate/stack'
import { pastIn, readStore, type Server, writeTuples } from './copy.ts'

/** OpenFGA in memory looks through all tuples for each: more are copied into SQLite. */
const MOST_IN_MEMORY = 5_000
const DEADLINE_MS = 10_000

export interface Turned extends Pick<Entry, 'id' | 'at' | 'subject' | 'actor' | 'persona' | 'action' | 'resource'> {
  readonly old: PolicyOutcome
  readonly new: PolicyOutcome
}

export interface Difference {
  readonly from: string
  readonly to: string
  readonly evaluations: number
  readonly made_again: number
  readonly turned: readonly Turned[]
  /** How many could not be made again, by why. */
  readonly not_made_again: Readonly<Record<string, number>>
  /** How many come out otherwise than the log says before any change: facts are not what they were. */
  readonly otherwise_today: number
  /** Tuples of the store that neither policy's model allows. */
  readonly unread_tuples: number
}

export interface DiffOptions {
  readonly entries: readonly Entry[]
  readonly from: Policies
  readonly to: Policies
  readonly server: Server
  readonly store: string
}

/** Makes every evaluation again under both. The server is only read. */
export async function diffPolicies(options: DiffOptions): Promise<Difference> {
  const { entries, from, to, server, store } = options
  const tuples = await readStore(server, store)
  const engine = tuples.length > MOST_IN_MEMORY ? 'sqlite' : 'memory'
  const openFga = await startOpenFga({ engine, env: {} })
  const client = new OpenFgaClient({ url: openFga.url, apiToken: openFga.apiToken, deadlineMs: DEADLINE_MS })
  try {
    const copy = await FgaStore.open({ url: openFga.url, apiToken: openFga.apiToken, name: 'copy' })
    const old: InForce = { ...from, modelId: await copy.writeModel(from.program) }
    const next: InForce = { ...to, modelId: await copy.writeModel(to.program) }
    const unread = await writeTuples(openFga, copy.id, [old.modelId, next.modelId], tuples)
    openFga.analyze()
    const relations = new CachedRelations(new OpenFgaRelations({ client, storeId: copy.id }))
    const past = pastIn(tuples)
    const judgeBy = (policies: InForce): PolicyJudge => ({
      policies,
      decide: (evaluation, at) => {
        // Sessions that ended since then are not a matter of policy.
        const sessions = { isEnded: () => false }
        return decide(evaluation, { policies: () => policies, relations, past, clock: () => at, sessions })
      },
    })
    return differenceOf(options, await comparePolicies(entries, judgeBy(old), judgeBy(next)), unread)
  } finally {
    await client.close()
    await openFga.stop()
  }
}

function differenceOf(
  { from, to, entries }: DiffOptions,
  { madeAgain, turned, notMadeAgain, otherwiseToday }: PolicyComparisonResult,
  unread: number,
): Difference {
  return {
    from: from.version,
    to: to.version,
    evaluations: entries.length,
    made_again: madeAgain,
    turned: turned.map(turnOf),
    not_made_again: Object.fromEntries(notMadeAgain),
    otherwise_today: otherwiseToday,
    unread_tuples: unread,
  }
}

function turnOf({ entry, before, after }: TurnedEntry): Turned {
  const { id, at, subject, actor, persona, action, resource } = entry
  return { id, at, subject, actor, persona, action, resource, old: before, new: after }
}

const spelled = ({ decision, reason }: PolicyOutcome): string => `${decision ? 'permit' : 'deny'} ${reason}`

/** `TURNED`, `INCOMPLETE` or `OK`: the last lines. An incomplete comparison never reads as a success. */
function verdictLines({ turned, made_again, evaluations, not_made_again }: Difference): readonly string[] {
  const reasons = Object.entries(not_made_again)
  const missing = evaluations - made_again
  return [
    ...(turned.length > 0 ? [`TURNED: ${turned.length} of ${made_again}`] : []),
    ...(missing > 0
      ? [`INCOMPLETE: ${missing} of ${evaluations} could not be judged: ${reasons.map(([why]) => why).join('; ')}`]
      : []),
    ...(turned.length + missing === 0 ? [`OK: nothing turns of ${made_again}`] : []),
  ]
}

/** What a person reads. The last lines are the verdict. */
export function differenceText(difference: Difference): string {
  const { from, to, evaluations, made_again, turned, not_made_again, otherwise_today, unread_tuples } = difference
  const lines = turned.map(({ id, at, subject, actor, persona, action, resource, old, new: next }) => {
    const who = `${actor ? `${actor} for ` : ''}${subject}${persona ? ` as ${persona}` : ''}`
    return `${at}  ${id}  ${who} ${action} ${resource}: ${spelled(old)} → ${spelled(next)}`
  })
  const ways = Map.groupBy(turned, ({ old, new: next }) => `${spelled(old)} → ${spelled(next)}`)
  const reasons = Object.entries(not_made_again)
  lines.push(
    ...(turned.length > 0 ? [''] : []),
    `from        ${from}`,
    `to          ${to}`,
    `made again  ${made_again} of ${evaluations} evaluations of the log, on the store's facts as they are now`,
    ...reasons.map(([why, count]) => `            not ${count}: ${why}`),
    ...(otherwise_today > 0
      ? [
          `            ${otherwise_today} come out otherwise than the log says before any change: facts have changed since`,
        ]
      : []),
    ...(unread_tuples > 0
      ? [`            ${unread_tuples} tuples of the store fit neither model and were left out`]
      : []),
    ...[...ways].map(([way, { length }]) => `turned      ${length}: ${way}`),
    ...verdictLines(difference),
  )
  return `${lines.join('\n')}\n`
}
