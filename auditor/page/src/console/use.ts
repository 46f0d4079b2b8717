/**
 * Hooks of the console: a list that stays in sight while it is read again, and changes with their outcome.
 *
 * @module
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { ApiError } from '../request.ts'
import { inWords } from '../use.ts'

/** Data of the server. A value that was read stays while it is read again. */
export interface Read<T> {
  readonly value: T | undefined
  readonly error: ApiError | undefined
  readonly reload: () => void
}

/** Reads data at once and after each `reload`. */
export function useRead<T>(read: (signal: AbortSignal) => Promise<T>): Read<T> {
  const [state, setState] = useState<{ readonly value?: T; readonly error?: ApiError }>({})
  const [turn, setTurn] = useState(0)
  const latest = useRef(read)
  latest.current = read
  const reload = useCallback(() => setTurn((before) => before + 1), [])
  useEffect(() => {
    const over = new AbortController()
    latest.current(over.signal).then(
      (value) => !over.signal.aborted && setState({ value }),
      (error: unknown) => !over.signal.aborted && setState((before) => ({ ...before, error: inWords(error) })),
    )
    return () => over.abort()
  }, [turn])
  return { value: state.value, error: state.error, reload }
}

/** Changes of one section: one at a time, with what the last one came to. */
export interface Changes {
  readonly isBusy: boolean
  /** Said after a change: what was done. */
  readonly done: string | undefined
  readonly error: ApiError | undefined
  /** Makes a change. @returns Whether it succeeded. */
  readonly make: (change: () => Promise<unknown>, done: string) => Promise<boolean>
}

/** @param after - Called after each change, also after a failed one: it may have had an effect. */
export function useChanges(after: () => void): Changes {
  const [state, setState] = useState<Pick<Changes, 'isBusy' | 'done' | 'error'>>({
    isBusy: false,
    done: undefined,
    error: undefined,
  })
  const make = useCallback(
    async (change: () => Promise<unknown>, done: string): Promise<boolean> => {
      setState({ isBusy: true, done: undefined, error: undefined })
      try {
        await change()
        setState({ isBusy: false, done, error: undefined })
        return true
      } catch (error) {
        setState({ isBusy: false, done: undefined, error: inWords(error) })
        return false
      } finally {
        after()
      }
    },
    [after],
  )
  return { ...state, make }
}
