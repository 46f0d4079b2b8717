/**
 * The steps of the model that a replica takes: barriers, fills, evictions and decisions.
 *
 * @module
 */

import {
  type Decision,
  DIRECT,
  type Entry,
  holds,
  isOfNotes,
  type LogEvent,
  type LogRead,
  type Replica,
  type Scenario,
  type State,
  type Step,
} from './barrier-state.model.ts'

export function replicaSteps(state: State, scenario: Scenario): readonly Step[] {
  const replicas = state.replicas.flatMap((replica, index) => [
    ...barrierSteps(state, scenario, index, replica),
    ...fillSteps(state, scenario, index, replica),
  ])
  return [...replicas, ...state.decisions.flatMap((decision, index) => decisionSteps(state, scenario, index, decision))]
}

const withReplica = (state: State, index: number, replica: Replica): State => ({
  ...state,
  replicas: state.replicas.with(index, replica),
})

/** One read of the log at a time, shared by the decisions that wait. */
function barrierSteps(state: State, scenario: Scenario, index: number, replica: Replica): readonly Step[] {
  const { reading } = replica
  const name = `barrier of ${index}`
  if (!reading) {
    const isWanted = state.decisions.some(
      (decision) => decision.replica === index && decision.step === 'barrier' && decision.since >= replica.passed,
    )
    if (!isWanted) return []
    const clock = replica.clock + 1
    const begun: LogRead = { began: clock, answer: undefined, pending: pendingNow(state) }
    return [[`${name} begins`, withReplica(state, index, { ...replica, clock, reading: begun })]]
  }
  if (!reading.answer) {
    const read = answered(state, scenario, replica, reading)
    return [[`${name} reads the log`, withReplica(state, index, { ...replica, reading: read })]]
  }
  return [[`${name} applied`, withReplica(state, index, applied(replica, scenario))]]
}

const pendingNow = ({ log, changes }: State): readonly number[] =>
  changes.flatMap((_, change) => {
    const has = (kind: LogEvent['kind']): boolean => log.some((event) => event.kind === kind && event.change === change)
    return has('open') && !has('close') ? [change] : []
  })

/** The read of the log; where the position is lost, the read of a new start, in one snapshot. */
function answered(state: State, scenario: Scenario, { at }: Replica, { began, pending }: LogRead): LogRead {
  const { log, base, server } = state
  const row = at.seq < base ? undefined : log[at.seq]
  const isLost =
    (holds(scenario, 'look for the position itself') && !row) ||
    (row !== undefined && row.token !== at.token) ||
    (holds(scenario, 'compare the identity of the server') && server !== at.server)
  const last = log.length - 1
  const events = isLost ? [] : log.slice(Math.max(at.seq + 1, base))
  // Without new events the position stays, also where it is beyond the end of the log.
  const seq = isLost || events.length > 0 ? last : at.seq
  const token = isLost || events.length > 0 ? (log[last]?.token ?? 0) : at.token
  const snapshot = holds(scenario, 'read what is pending with the position') ? pendingNow(state) : pending
  return { began, answer: { events, isLost, at: { seq, token, server } }, pending: isLost ? snapshot : undefined }
}

/** Applies what a barrier has read, in one synchronous run. */
function applied(replica: Replica, scenario: Scenario): Replica {
  const { reading } = replica
  if (!reading?.answer) return replica
  const { events, isLost, at } = reading.answer
  const passed: Replica = { ...replica, at, passed: reading.began, reading: undefined }
  if (isLost) {
    const keepsFills = !holds(scenario, 'discard a fill that began before a reset')
    return {
      ...passed,
      entries: replica.entries.map(() => undefined),
      fills: keepsFills ? replica.fills : replica.fills.map(() => undefined),
      touched: keepsFills ? replica.touched : replica.touched.map(() => at.seq),
      pending: reading.pending ?? [],
    }
  }
  const first = at.seq - events.length + 1
  return events.reduce((next, event, offset) => afterEvent(next, event, first + offset, scenario), passed)
}

function afterEvent(replica: Replica, { kind, change }: LogEvent, seq: number, scenario: Scenario): Replica {
  const keys = scenario.changes[change]?.keys ?? []
  const others = replica.pending.filter((other) => other !== change)
  const holdsBack = kind === 'open' && holds(scenario, 'hold pending keys back')
  return {
    ...replica,
    entries: replica.entries.map((entry, key) => (keys.includes(key) ? undefined : entry)),
    touched: replica.touched.map((last, key) => (keys.includes(key) ? seq : last)),
    pending: holdsBack ? [...others, change].sort() : others,
  }
}

const isPending = ({ pending }: Replica, { changes }: Scenario, key: number): boolean =>
  pending.some((change) => changes[change]?.keys.includes(key))

function fillSteps(state: State, scenario: Scenario, index: number, replica: Replica): readonly Step[] {
  const steps: Step[] = []
  const go = (label: string, next: Partial<Replica>, from = state): void =>
    void steps.push([`${label} on ${index}`, withReplica(from, index, { ...replica, ...next })])
  replica.entries.forEach((entry, key) => {
    if (entry && state.evictions > 0) {
      const from = { ...state, evictions: state.evictions - 1 }
      go(`key ${key} evicted`, { entries: replica.entries.with(key, undefined) }, from)
    }
  })
  for (const [key, fill] of replica.fills.entries()) {
    if (!fill) continue
    if (fill.version === undefined) {
      go(`fill of ${key} reads`, { fills: replica.fills.with(key, { ...fill, version: state.truth[key] ?? 0 }) })
      continue
    }
    const isUntouched = (replica.touched[key] ?? 0) <= fill.since && !isPending(replica, scenario, key)
    const isKept = isUntouched || !holds(scenario, 'discard a fill that an event touched')
    const isStampedLate = holds(scenario, 'stamp a fill when its read has returned')
    const clock = isStampedLate ? replica.clock + 1 : replica.clock
    const filled: Entry = { version: fill.version, stamp: isStampedLate ? clock : fill.stamp }
    const entries = isKept ? replica.entries.with(key, filled) : replica.entries
    go(`fill of ${key} returns`, { clock, entries, fills: replica.fills.with(key, undefined) })
  }
  return steps
}

function decisionSteps(state: State, scenario: Scenario, index: number, decision: Decision): readonly Step[] {
  const replica = state.replicas[decision.replica]
  if (!replica) return []
  const go = (label: string, next: Partial<Decision>, at = replica): Step => [
    `decision ${index} ${label}`,
    { ...withReplica(state, decision.replica, at), decisions: state.decisions.with(index, { ...decision, ...next }) },
  ]
  switch (decision.step) {
    case 'idle': {
      const legal = [state.truth.join()]
      return holds(scenario, 'pass a barrier after arrival')
        ? [go('arrives', { step: 'barrier', since: replica.clock, legal })]
        : [go('arrives', { step: 'use', legal })]
    }
    case 'barrier': {
      const isComplete = decision.used.every((entry) => entry !== undefined)
      return replica.passed > decision.since ? [go('passed', { step: isComplete ? 'confirm' : 'use' })] : []
    }
    case 'use':
      return useSteps(scenario, decision, replica, go)
    case 'direct':
      return directSteps(state, scenario, decision, replica, go)
    case 'confirm':
      return [confirm(scenario, index, decision, replica, go)]
    case 'done':
      return []
  }
}

type Go = (label: string, next: Partial<Decision>, at?: Replica) => Step

/** Uses the next key from memory; fills it, or waits, or turns to OpenFGA. */
function useSteps(scenario: Scenario, decision: Decision, replica: Replica, go: Go): readonly Step[] {
  const key = decision.used.findIndex((entry, at) => !entry && (decision.step === 'use' || isFromMemory(scenario, at)))
  if (isPending(replica, scenario, key)) {
    const mayAsk = scenario.asksDirectly && decision.step === 'use' && !isFromMemory(scenario, key)
    if (!mayAsk) return []
    const kept = decision.used.map((entry, at) => (isFromMemory(scenario, at) ? entry : undefined))
    return [go('asks directly', { step: 'direct', used: kept, direct: [] })]
  }
  const entry = replica.entries[key]
  if (entry) {
    const used = decision.used.with(key, entry)
    const isComplete = used.every((one) => one !== undefined)
    return [go(`uses ${key}`, { used, step: isComplete ? 'confirm' : decision.step })]
  }
  if (replica.fills[key]) return []
  const isStampedLate = holds(scenario, 'stamp a fill when its read has returned')
  const clock = isStampedLate ? replica.clock : replica.clock + 1
  const fill = { since: replica.at.seq, stamp: isStampedLate ? 0 : clock, version: undefined }
  return [go(`fills ${key}`, {}, { ...replica, clock, fills: replica.fills.with(key, fill) })]
}

const isFromMemory = (scenario: Scenario, key: number): boolean =>
  isOfNotes(scenario, key) || (scenario.candidates ?? []).includes(key)

/** OpenFGA answers each question of a BatchCheck by reads of its own, at different moments. */
function directSteps(state: State, scenario: Scenario, decision: Decision, replica: Replica, go: Go): readonly Step[] {
  const keys = state.truth.flatMap((_, key) => (isFromMemory(scenario, key) ? [] : [key]))
  if (decision.used.some((entry, key) => !entry && isFromMemory(scenario, key)))
    return useSteps(scenario, decision, replica, go)
  const rounds = holds(scenario, 'read the facts twice when asking directly') ? 2 : 1
  const { direct } = decision
  if (direct.length < keys.length * rounds) {
    const version = state.truth[keys[direct.length % keys.length] ?? 0] ?? 0
    return [go('reads directly', { direct: [...direct, version] })]
  }
  const isSteady = direct.every((version, at) => version === direct[at % keys.length])
  if (!isSteady) return [go('asks again', { direct: [] })]
  const used = decision.used.map((entry, key) =>
    keys.includes(key) ? { version: direct[keys.indexOf(key)] ?? 0, stamp: DIRECT } : entry,
  )
  const waits = keys.length < used.length && holds(scenario, 'pass a barrier after asking directly')
  return [go('has read', { used, direct: [], step: waits ? 'barrier' : 'confirm', since: replica.clock })]
}

function confirm(scenario: Scenario, index: number, decision: Decision, replica: Replica, go: Go): Step {
  const isStale = decision.used.some((entry, key) => {
    if (!entry || entry.stamp === DIRECT || !holds(scenario, 'confirm every used entry')) return false
    if (isOfNotes(scenario, key) && !holds(scenario, 'confirm notes too')) return false
    const now = replica.entries[key]
    return now?.stamp !== entry.stamp || now.version !== entry.version || isPending(replica, scenario, key)
  })
  if (isStale) return go('decides again', { step: 'use', used: decision.used.map(() => undefined) })
  const isTooNew = decision.used.some((entry) => entry && entry.stamp >= replica.passed)
  if (isTooNew && holds(scenario, 'compare fill stamps with the barrier'))
    return go('waits for another barrier', { step: 'barrier', since: replica.clock })
  const versions = decision.used.map((entry) => entry?.version).join()
  const done = { step: 'done', since: 0, legal: [], used: decision.used.map(() => undefined), direct: [] } as const
  const [label, next] = go(`answers by ${versions}`, done)
  return decision.legal.includes(versions)
    ? [label, next]
    : [label, { ...next, illegal: `decision ${index} used ${versions}, legal were ${decision.legal.join(' | ')}` }]
}
