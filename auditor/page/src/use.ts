/**
 * Hook for data that is loaded asynchronously.
 *
 * @module
 */
import { type Inputs, useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { ApiError } from './request.ts'

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: ApiError; readonly again: () => void }
  | { readonly state: 'there'; readonly value: T }

/** Loads data whenever an input changes. The result of an outdated load is ignored. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, inputs: Inputs): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' })
  const [attempt, setAttempt] = useState(0)
  const latest = useRef(load)
  latest.current = load
  const again = useCallback(() => setAttempt((before) => before + 1), [])
  useEffect(() => {
    const over = new AbortController()
    setLoaded({ state: 'loading' })
    latest.current(over.signal).then(
      (value) => !over.signal.aborted && setLoaded({ state: 'there', value }),
      (error: unknown) => !over.signal.aborted && setLoaded({ state: 'failed', error: inWords(error), again }),
    )
    return () => over.abort()
  }, [...inputs, attempt])
  return loaded
}

export function inWords(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'internal', 'This page could not show the answer.')
}
