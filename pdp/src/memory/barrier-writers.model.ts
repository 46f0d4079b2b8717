/**
 * The steps of the model that are not a replica's: changes, the network between a writer and OpenFGA, and PostgreSQL.
 *
 * A crash of a writer is no step of its own. Each step after `open` may be left out, or be taken by another PDP in its place, at any time: also while
 * the writer is only paused, and sends its Write later.
 *
 * @module
 */
import {
  type ChangeState,
  holds,
  isOfNotes,
  type LogEvent,
  type Scenario,
  type State,
  type Step,
} from './barrier-state.model.ts'

export function writerSteps(state: State, scenario: Scenario): readonly Step[] {
  const changes = state.changes.flatMap((change, index) =>
    scenario.changes[index]?.kind === 'note'
      ? noteSteps(state, scenario, index, change)
      : tupleSteps(state, scenario, index, change),
  )
  return [...changes, ...trimSteps(state), ...failoverSteps(state, scenario)]
}

function tupleSteps(state: State, scenario: Scenario, index: number, change: ChangeState): readonly Step[] {
  const steps: Step[] = []
  const { step, isSent, outcome } = change
  const go = (label: string, next: Partial<ChangeState>, from = state): void =>
    void steps.push([`change ${index + 1}: ${label}`, withChange(from, index, { ...change, ...next })])
  if (step === 'idle') go('open', { step: 'open' }, appended(state, 'open', index))
  if (!isSent && (step !== 'idle' || !holds(scenario, 'announce before the Write'))) go('send', { isSent: true })
  if (isSent && outcome === 'none') go('Write carried out', { outcome: 'applied' }, written(state, scenario, index))
  if (step === 'open' && outcome === 'none') go('withdraw', { outcome: 'withdrawn' })
  if (step === 'open' && (outcome !== 'none' || !holds(scenario, 'decide the outcome before the close')))
    go('close', { step: 'closed' }, appended(state, 'close', index))
  return steps
}

function noteSteps(state: State, scenario: Scenario, index: number, change: ChangeState): readonly Step[] {
  const label = `change ${index + 1}: `
  const done: ChangeState = { ...change, step: 'closed', outcome: 'applied' }
  if (change.step === 'open') return [[`${label}note`, withChange(appended(state, 'note', index), index, done)]]
  if (change.step === 'closed') return []
  const changed = written(state, scenario, index)
  if (!holds(scenario, 'announce in the transaction'))
    return [[`${label}commit`, withChange(changed, index, { ...change, step: 'open' })]]
  return [[`${label}commit with note`, withChange(appended(changed, 'note', index), index, done)]]
}

const withChange = (state: State, index: number, change: ChangeState): State => ({
  ...state,
  changes: state.changes.with(index, change),
})

const appended = (state: State, kind: LogEvent['kind'], change: number): State => ({
  ...state,
  log: [...state.log, { kind, change, token: state.server }],
})

/** The truth changes: every decision under way may now be legal by it. */
function written(state: State, scenario: Scenario, index: number): State {
  const keys = scenario.changes[index]?.keys ?? []
  return withTruth(
    state,
    state.truth.map((version, key) => (keys.includes(key) ? index + 1 : version)),
  )
}

function withTruth(state: State, truth: readonly number[]): State {
  const text = truth.join()
  const decisions = state.decisions.map((decision) =>
    decision.step === 'idle' || decision.step === 'done' || decision.legal.includes(text)
      ? decision
      : { ...decision, legal: [...decision.legal, text].sort() },
  )
  return { ...state, truth, decisions }
}

function trimSteps(state: State): readonly Step[] {
  if (state.trims === 0) return []
  const steps: Step[] = []
  for (let base = state.base + 1; base < state.log.length; base += 1)
    steps.push([`trim to ${base}`, { ...state, base, trims: state.trims - 1 }])
  return steps
}

/** A standby that lacks the last events takes over. OpenFGA's tuples are kept: its database is another. */
function failoverSteps(state: State, scenario: Scenario): readonly Step[] {
  if (state.failovers === 0) return []
  const steps: Step[] = []
  for (let length = state.base + 1; length < state.log.length; length += 1) {
    const lost = state.log.slice(length)
    const losesOpen = lost.some(({ kind, change }) => kind === 'open' && state.changes[change]?.step === 'open')
    if (losesOpen && !scenario.losesOpenChanges) continue
    steps.push([`failover, ${lost.length} events lost`, failedOver(state, scenario, length)])
  }
  return steps
}

function failedOver(state: State, scenario: Scenario, length: number): State {
  const log = state.log.slice(0, length)
  const has = (kind: LogEvent['kind'], change: number): boolean =>
    log.some((event) => event.kind === kind && event.change === change)
  // A change whose `close` alone was lost is pending again.
  const changes = state.changes.map((change, index) =>
    change.step === 'closed' && has('open', index) && !has('close', index)
      ? { ...change, step: 'open' as const }
      : change,
  )
  // A lost note is lost with the data of its transaction.
  const truth = state.truth.map((version, key) => {
    const notes = log.filter(({ kind, change }) => kind === 'note' && scenario.changes[change]?.keys.includes(key))
    return isOfNotes(scenario, key) ? (notes.at(-1)?.change ?? -1) + 1 : version
  })
  const next = { ...state, log, changes, server: state.server + 1, failovers: state.failovers - 1 }
  return withTruth(next, truth)
}
