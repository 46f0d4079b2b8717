/**
 * Reports decisions to the service's metrics. An event holds words of the service's code and of the decision, and nothing of a person, a
 * token or a resource.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { Outcome, OutcomeCode } from './outcome.ts'

/** One answered question, or one that was not answered. */
export interface DecisionEvent {
  readonly action: string
  /** Type of the resource, as the service's code names it. */
  readonly resourceType: string
  /** `found` is a search's: it permits or denies nothing by itself. `failed`: no decision was had. */
  readonly result: 'permit' | 'deny' | 'found' | 'failed'
  /** The reason of a decision, or the fault's code where there is none. */
  readonly reason?: OutcomeCode | Fault['code']
  /** From the question to its answer, obligations included, in seconds. */
  readonly seconds: number
}

/** Gets each decision. What it throws is ignored: metrics must not change an answer. */
export type DecisionHook = (event: DecisionEvent) => void

/** What is asked about: one event each. */
export interface Measured {
  readonly action: string
  readonly types: readonly string[]
}

/** Runs a question and reports one event a resource. */
export async function reporting<T>(
  hook: DecisionHook | undefined,
  { action, types }: Measured,
  ask: () => Promise<T>,
  outcomesOf: (answer: T) => readonly Outcome[] | 'found',
): Promise<T> {
  if (hook === undefined) return await ask()
  const begin = performance.now()
  const report = (index: number, result: DecisionEvent['result'], reason?: DecisionEvent['reason']): void => {
    const seconds = (performance.now() - begin) / 1_000
    const event = { action, resourceType: types[index] ?? '', result, seconds }
    callQuietly(hook, reason === undefined ? event : { ...event, reason })
  }
  try {
    const answer = await ask()
    const outcomes = outcomesOf(answer)
    if (outcomes === 'found') report(0, 'found')
    else for (const [index, outcome] of outcomes.entries()) report(index, resultOf(outcome), outcome.reason)
    return answer
  } catch (error) {
    const code = error instanceof Fault ? error.code : 'internal'
    for (const index of types.keys()) report(index, 'failed', code)
    throw error
  }
}

function resultOf({ decision, undecided }: Outcome): DecisionEvent['result'] {
  if (decision) return 'permit'
  return undecided ? 'failed' : 'deny'
}

function callQuietly(hook: DecisionHook, event: DecisionEvent): void {
  try {
    hook(event)
  } catch {
    // Ignored: see DecisionHook.
  }
}
