/**
 * Hooks: data of operations, actions, events, and the context of every screen.
 *
 * @module
 */
import { createContext } from 'preact'
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks'
import type {
  Bridge,
  CallResult,
  EventName,
  EventOf,
  Input,
  OperationName,
  Output,
} from '../../../src/shared/channel.ts'
import type { ProblemView, SessionView, Setup } from '../../../src/shared/views.ts'
import type { Area, Cache } from './cache.ts'
import type { Labels } from './labels.ts'

export type SignedIn = Extract<SessionView, { readonly state: 'signed_in' }>

/** Context of every screen. */
export interface Around {
  readonly bridge: Bridge
  readonly cache: Cache
  readonly labels: Labels
  readonly setup: Setup
  readonly session: SignedIn
  /** Code of an invitation from an opened `mandate://` link, until it is used or dismissed. */
  readonly invitation: string | undefined
  readonly forgetInvitation: () => void
}

export const AroundContext = createContext<Around | undefined>(undefined)

/** The context. @throws Error outside of a signed-in window. */
export function useAround(): Around {
  const around = useContext(AroundContext)
  if (!around) throw new Error('used outside of the app')
  return around
}

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly problem: ProblemView; readonly again: () => void }
  | {
      readonly state: 'there'
      readonly value: T
      /** When the value was last confirmed, if it is stale. */
      readonly stale: string | undefined
      /** Why reloading failed; `value` is the previous one. */
      readonly problem?: ProblemView
      readonly again: () => void
    }

/** Loads the result of an operation, again when its input or data changes. @param isOff - Do not load yet. */
export function useCall<N extends OperationName>(name: N, input?: Input<N>, isOff = false): Loaded<Output<N>> {
  const { cache } = useAround()
  const [, render] = useState(0)
  const key = JSON.stringify(input ?? {})
  const latest = useRef(input)
  latest.current = input
  useEffect(() => {
    if (isOff) return
    render((count) => count + 1)
    return cache.watch(name, latest.current, () => render((count) => count + 1))
  }, [cache, name, key, isOff])
  const again = useCallback(() => cache.again(name, latest.current), [cache, name, key])
  if (isOff) return { state: 'loading' }
  const { answer, good } = cache.seen(name, input)
  const problem = answer && !answer.ok ? answer.problem : undefined
  if (good) {
    const there = { state: 'there', value: good.value as Output<N>, stale: good.stale, again } as const
    return problem ? { ...there, problem } : there
  }
  if (problem) return { state: 'failed', problem, again }
  return { state: 'loading' }
}

export interface Action<N extends OperationName> {
  /** Runs the operation, then reloads what it changes. */
  readonly run: (input?: Input<N>) => Promise<CallResult<N>>
  readonly isBusy: boolean
  /** Problem of the last run. */
  readonly problem: ProblemView | undefined
  readonly forget: () => void
}

/** An operation that changes data. @param changes - Areas to reload afterwards. */
export function useAction<N extends OperationName>(name: N, changes: readonly Area[] = []): Action<N> {
  const { bridge, cache } = useAround()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ProblemView>()
  const areas = changes.join()
  const run = useCallback(
    async (input?: Input<N>) => {
      setBusy(true)
      setProblem(undefined)
      const answer = await bridge.call(name, input)
      setBusy(false)
      if (answer.ok) cache.changed(areas === '' ? [] : (areas.split(',') as Area[]))
      else setProblem(answer.problem)
      return answer
    },
    [bridge, cache, name, areas],
  )
  return { run, isBusy, problem, forget: useCallback(() => setProblem(undefined), []) }
}

/** Listens to an event of the main process. */
export function useEvent<N extends EventName>(name: N, listener: (event: EventOf<N>) => void): void {
  const { bridge } = useAround()
  const latest = useRef(listener)
  latest.current = listener
  useEffect(() => bridge.on(name, (event) => latest.current(event)), [bridge, name])
}

/** Whether all services are reachable, so that changes are possible. */
export function useOnline(): boolean {
  return useAround().session.online
}

/** Names of things, with rendering again when more are known. */
export function useLabels(): Labels {
  const { labels } = useAround()
  const [, render] = useState(0)
  useEffect(() => labels.watch(() => render((count) => count + 1)), [labels])
  return labels
}
