/**
 * State model of the invalidation log and the read barrier, explored exhaustively by `barrier.model.test.ts`; see `docs/consistency.md`.
 *
 * Keys have versions: 0, or the number of the change that wrote the key. A decision uses one version of each key. It is legal when these versions were
 * the truth together at some moment since the decision's request arrived. That is K1 and K2 in one condition.
 *
 * @module
 */

import { replicaSteps } from './barrier-replica.model.ts'
import {
  type Decision,
  DIRECT,
  type Entry,
  type LogEvent,
  type Replica,
  type Scenario,
  type State,
} from './barrier-state.model.ts'
import { writerSteps } from './barrier-writers.model.ts'

export interface Exploration {
  readonly states: number
  /** The steps to a violation; `undefined` when there is none. */
  readonly violation: readonly string[] | undefined
  /** Decisions that ended in some state: a model in which none ends proves nothing. */
  readonly isDecided: boolean
}

const OLDEST: LogEvent = { kind: 'note', change: -1, token: 0 }

/** Explores every order of steps. */
export function explore(scenario: Scenario): Exploration {
  const seen = new Set<string>()
  const stack: { readonly state: State; readonly label: string; readonly from: number }[] = []
  const path: { readonly label: string; readonly from: number }[] = []
  stack.push({ state: initial(scenario), label: 'begin', from: -1 })
  let isDecided = false
  for (let at = stack.pop(); at; at = stack.pop()) {
    const state = normalised(at.state)
    const key = textOf(state)
    if (seen.has(key) && !state.illegal) continue
    seen.add(key)
    const place = path.push({ label: at.label, from: at.from }) - 1
    if (state.illegal) return { states: seen.size, violation: trace(path, place), isDecided }
    isDecided ||= state.decisions.every(({ step }) => step === 'done')
    for (const [label, next] of [...writerSteps(state, scenario), ...replicaSteps(state, scenario)])
      stack.push({ state: next, label, from: place })
  }
  return { states: seen.size, violation: undefined, isDecided }
}

function trace(path: readonly { readonly label: string; readonly from: number }[], last: number): readonly string[] {
  const labels: string[] = []
  for (let at = path[last]; at; at = path[at.from]) labels.unshift(at.label)
  return labels
}

const keyCount = ({ changes }: Scenario): number => 1 + Math.max(...changes.flatMap(({ keys }) => keys))

function initial(scenario: Scenario): State {
  const keys = keyCount(scenario)
  const all = Array.from({ length: keys }, (_, key) => key)
  const replica: Replica = {
    at: { seq: 0, token: 0, server: 0 },
    entries: all.map((key) => (scenario.warm.includes(key) ? { version: 0, stamp: 0 } : undefined)),
    fills: all.map(() => undefined),
    touched: all.map(() => 0),
    pending: [],
    clock: 1,
    passed: 1,
    reading: undefined,
  }
  const replicas = Array.from({ length: 1 + Math.max(...scenario.decisions) }, () => replica)
  const idle = { step: 'idle', since: 0, legal: [], used: all.map(() => undefined), direct: [] } as const
  return {
    truth: all.map(() => 0),
    log: [OLDEST],
    base: 0,
    server: 0,
    changes: scenario.changes.map(() => ({ step: 'idle', isSent: false, outcome: 'none' })),
    replicas,
    decisions: scenario.decisions.map((at) => ({ ...idle, replica: at })),
    evictions: scenario.evictions ?? 0,
    trims: scenario.trims ?? 0,
    failovers: scenario.failovers ?? 0,
  }
}

/** Stamps matter by their order only: renumbers them, so that the model is finite. */
function normalised(state: State): State {
  const replicas = state.replicas.map((replica, index) => {
    const decisions = state.decisions.filter((decision) => decision.replica === index)
    const used = decisions.flatMap(({ used, since }) => [since, ...used.map((entry) => entry?.stamp ?? 0)])
    const held = [...replica.entries, ...replica.fills].map((one) => one?.stamp ?? 0)
    const stamps = [DIRECT, 0, ...used, ...held, replica.clock, replica.passed, replica.reading?.began ?? 0]
    const ranks = new Map([...new Set(stamps)].sort((a, b) => a - b).map((stamp, rank) => [stamp, rank]))
    return { replica, rank: (stamp: number): number => (stamp === DIRECT ? DIRECT : (ranks.get(stamp) ?? 0)) }
  })
  return {
    ...state,
    replicas: replicas.map(({ replica, rank }) => ({
      ...replica,
      clock: rank(replica.clock),
      passed: rank(replica.passed),
      entries: replica.entries.map((entry) => entry && { ...entry, stamp: rank(entry.stamp) }),
      fills: replica.fills.map((fill) => fill && { ...fill, stamp: rank(fill.stamp) }),
      reading: replica.reading && { ...replica.reading, began: rank(replica.reading.began) },
    })),
    decisions: state.decisions.map((decision) => {
      const rank = replicas[decision.replica]?.rank ?? ((stamp: number) => stamp)
      const used = decision.used.map((entry) => entry && { ...entry, stamp: rank(entry.stamp) })
      return { ...decision, since: rank(decision.since), used }
    }),
  }
}

/** The state as a short text: the same for the same states only. Faster than JSON, which takes most of the time otherwise. */
function textOf({
  truth,
  log,
  base,
  server,
  changes,
  replicas,
  decisions,
  evictions,
  trims,
  failovers,
}: State): string {
  const events = log.map(({ kind, change, token }) => `${kind[0]}${change}.${token}`)
  const writers = changes.map(({ step, isSent, outcome }) => `${step[0]}${isSent ? 's' : ''}${outcome[0]}`)
  const parts = [truth.join(), events.join(), base, server, writers.join(), evictions, trims, failovers]
  return [...parts, ...replicas.map(textOfReplica), ...decisions.map(textOfDecision)].join(';')
}

const textOfEntry = (entry: Entry | undefined): string => (entry ? `${entry.version}.${entry.stamp}` : '')

function textOfReplica({ at, entries, fills, touched, pending, clock, passed, reading }: Replica): string {
  const flights = fills.map((fill) => (fill ? `${fill.since}.${fill.stamp}.${fill.version}` : ''))
  const position = `${at.seq}.${at.token}.${at.server}`
  const read = reading?.answer
  const events = read?.events.map(({ kind, change, token }) => `${kind[0]}${change}.${token}`)
  const answer = read && `${events}!${read.isLost}!${read.at.seq}.${read.at.token}.${read.at.server}`
  const barrier = reading && `${reading.began}!${answer}!${reading.pending}`
  return `${position}/${entries.map(textOfEntry)}/${flights}/${touched}/${pending}/${clock}/${passed}/${barrier}`
}

const textOfDecision = ({ replica, step, since, legal, used, direct }: Decision): string =>
  `${replica}${step}/${since}/${legal.join('|')}/${used.map(textOfEntry)}/${direct}`
