/**
 * Hook that checks the pack after each change and plays all its cases, one after another. A further change stops what is under way.
 *
 * @module
 */
import type { CaseAnswer, Mistake, Outline, Texts } from '@mandate/playground/api'
import { useEffect, useState } from 'preact/hooks'
import { api, messageOf } from './api.ts'

/** Result of one case; `undefined` while it has none. */
export type CaseResult = CaseAnswer | { readonly failure: string } | undefined

/** What is known of the texts. */
export interface Plays {
  /** `checking`: the other members are those of the texts before. */
  readonly state: 'checking' | 'mistaken' | 'valid'
  readonly mistakes: readonly Mistake[]
  /** Of the newest version without mistakes. */
  readonly outline: Outline | undefined
  /** The texts that {@link outline} belongs to. */
  readonly texts: Texts | undefined
  readonly results: readonly CaseResult[]
}

/** Pause in typing after which the texts are checked, in milliseconds. */
const PAUSE_MS = 350
const NOTHING: Plays = { state: 'checking', mistakes: [], outline: undefined, texts: undefined, results: [] }

/** @param texts - `undefined` while they are loaded. */
export function usePlays(texts: Texts | undefined): Plays {
  const [plays, setPlays] = useState(NOTHING)
  useEffect(() => {
    if (!texts) return
    const over = new AbortController()
    setPlays((before) => ({ ...before, state: 'checking' }))
    const timer = setTimeout(
      () => {
        run(texts, over.signal, (change) => !over.signal.aborted && setPlays(change)).catch((error: unknown) => {
          if (over.signal.aborted) return
          setPlays((before) => ({ ...before, state: 'mistaken', mistakes: [{ line: 1, message: messageOf(error) }] }))
        })
      },
      plays.outline ? PAUSE_MS : 0,
    )
    return () => {
      clearTimeout(timer)
      over.abort()
    }
  }, [texts])
  return plays
}

type Change = (change: (before: Plays) => Plays) => void

async function run(texts: Texts, signal: AbortSignal, change: Change): Promise<void> {
  const { mistakes, outline } = await api.check(texts, signal)
  if (!outline) return change((before) => ({ ...before, state: 'mistaken', mistakes }))
  const results: CaseResult[] = outline.cases.map(() => undefined)
  change(() => ({ state: 'valid', mistakes: [], outline, texts, results: [...results] }))
  for (const index of outline.cases.keys()) {
    results[index] = await api.playCase(texts, index, signal).catch((error: unknown) => {
      if (signal.aborted) throw error
      return { failure: messageOf(error) }
    })
    change((before) => ({ ...before, results: [...results] }))
  }
}
