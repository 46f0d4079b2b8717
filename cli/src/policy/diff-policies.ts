/**
 * Which decisions of a log a change of policy would turn: each is made again under both policies, on one copy of the facts, with the clock at
 * the entry's time, so that a difference is due to the policy alone.
 *
 * @module
 */
import {
  CachedRelations,
  decide,
  evaluationOf,
  FgaStore,
  type InForce,
  looksAt,
  NOT_REPLAYABLE,
  OpenFgaClient,
  OpenFgaRelations,
  type Policies,
  type ReplayableEntry,
  type Verdict,
} from '@mandate/pdp'
import { type Entry, splitRef } from '@mandate/protocol'
import { startOpenFga } from '@mandate/stack'
import { pastIn, readStore, type Server, writeTuples } from './copy.ts'

/** OpenFGA in memory looks through all tuples for each: more are copied into SQLite. */
const MOST_IN_MEMORY = 5_000
const WIDTH = 8
const DEADLINE_MS = 10_000

/** A decision by its result and primary reason. */
interface Outcome {
  readonly decision: boolean
  readonly reason: string
}

export interface Turned extends Pick<Entry, 'id' | 'at' | 'subject' | 'actor' | 'persona' | 'action' | 'resource'> {
  readonly old: Outcome
  readonly new: Outcome
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
export async function diffPolicies({ entries, from, to, server, store }: DiffOptions): Promise<Difference> {
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
    const under =
      (policies: InForce): Judge =>
      ({ evaluation }, at) => {
        // Who has signed out since is no matter of policy.
        const sessions = { isEnded: () => false }
        const deps = { policies: () => policies, relations, past, clock: () => at, sessions }
        return decide(evaluation, deps)
      }
    return await compare(entries, { old, next, judgeOld: under(old), judgeNext: under(next), unread })
  } finally {
    await client.close()
    await openFga.stop()
  }
}

type Judge = (replayable: ReplayableEntry, at: number) => Verdict | Promise<Verdict>

interface Bench {
  readonly old: InForce
  readonly next: InForce
  readonly judgeOld: Judge
  readonly judgeNext: Judge
  readonly unread: number
}

async function compare(entries: readonly Entry[], bench: Bench): Promise<Difference> {
  const turned: Turned[] = []
  const why: Record<string, number> = {}
  let made = 0
  let otherwise = 0
  for (let start = 0; start < entries.length; start += WIDTH) {
    const round = entries.slice(start, start + WIDTH)
    for (const [index, result] of (await Promise.all(round.map((entry) => again(entry, bench)))).entries()) {
      const entry = round[index]
      if (!entry) continue
      if (typeof result === 'string') {
        why[result] = (why[result] ?? 0) + 1
        continue
      }
      made += 1
      const { old, next } = result
      if (!isSame(old, { decision: entry.decision === true, reason: entry.reasons?.[0]?.code ?? '' })) otherwise += 1
      if (!isSame(old, next)) turned.push(turnOf(entry, old, next))
    }
  }
  return {
    from: bench.old.version,
    to: bench.next.version,
    evaluations: entries.length,
    made_again: made,
    turned,
    not_made_again: why,
    otherwise_today: otherwise,
    unread_tuples: bench.unread,
  }
}

/** @returns Why not, when the log does not hold all that either policy looks at. */
async function again(
  entry: Entry,
  { old, next, judgeOld, judgeNext }: Bench,
): Promise<string | { readonly old: Outcome; readonly next: Outcome }> {
  const replayable = evaluationOf(entry, old)
  if ('why' in replayable) return NOT_REPLAYABLE[replayable.why]
  const { type } = splitRef(replayable.evaluation.resource)
  const bounded = Object.keys(old.byType.get(type)?.manifest.attributes ?? {})
  const lookedAt = [old, next].flatMap((policies) => [...looksAt(replayable.evaluation, policies, bounded)])
  const unknown = new Set([...replayable.unknown, ...reread(replayable, old, next)])
  const missing = lookedAt.find((name) => unknown.has(name))
  if (missing) return `the log does not hold ${missing}, which one of the policies looks at`
  const at = Date.parse(entry.at)
  const [before, after] = await Promise.all([judgeOld(replayable, at), judgeNext(replayable, at)])
  return { old: outcomeOf(before), next: outcomeOf(after) }
}

/**
 * Attributes that the two policies read differently. One that the log does not hold was malformed to the old, perhaps, and would not be to the
 * new; one that stands there may be a default that the new does not have.
 */
function reread({ evaluation }: ReplayableEntry, old: Policies, next: Policies): readonly string[] {
  const { type } = splitRef(evaluation.resource)
  const [before, after] = [old, next].map((policies) => policies.byType.get(type)?.manifest)
  if (!before || !after) return []
  const sent = { subject: evaluation.about.subject, resource: evaluation.attributes, action: evaluation.about.action }
  return (['subject_attributes', 'attributes', 'action_attributes'] as const).flatMap((section) => {
    const of = section === 'attributes' ? 'resource' : section === 'subject_attributes' ? 'subject' : 'action'
    return Object.entries(after[section])
      .filter(([name, rule]) => {
        const was = before[section][name]
        const isHeld = Object.hasOwn(sent[of], name)
        return isHeld ? was?.default !== rule.default : JSON.stringify(was) !== JSON.stringify(rule)
      })
      .map(([name]) => `${of}.${name}`)
  })
}

const outcomeOf = ({ decision, reasons }: Verdict): Outcome => ({ decision, reason: reasons[0]?.code ?? '' })
const isSame = (a: Outcome, b: Outcome): boolean => a.decision === b.decision && a.reason === b.reason

function turnOf({ id, at, subject, actor, persona, action, resource }: Entry, old: Outcome, next: Outcome): Turned {
  return { id, at, subject, actor, persona, action, resource, old, new: next }
}

const spelled = ({ decision, reason }: Outcome): string => `${decision ? 'permit' : 'deny'} ${reason}`

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
