/**
 * Components for states of loaded data: loading, failed, stale, empty.
 *
 * @module
 */
import { focusRefusal, minuteOf } from '@mandate/ui'
import { type ComponentChildren, createContext, type JSX } from 'preact'
import { useContext, useEffect, useRef, useState } from 'preact/hooks'
import type { ProblemView } from '../../../src/shared/views.ts'
import type { Loaded } from '../store/hooks.tsx'
import { strings } from '../strings.ts'

interface StatesProps<T> {
  readonly loaded: Loaded<T>
  /** Number of placeholder rows while loading. */
  readonly ghosts?: number
  readonly children: (value: T) => ComponentChildren
}

/** What is shown above already about the age of the data. */
const StaleContext = createContext<string | undefined>(undefined)

/** Shows loaded data, or its loading or error state. Data as old as the data around it, to the minute, is not called so again. */
export function States<T>({ loaded, ghosts = 3, children }: StatesProps<T>): JSX.Element {
  const around = useContext(StaleContext)
  if (loaded.state === 'loading') return <Ghosts count={ghosts} />
  if (loaded.state === 'failed') return <Failure problem={loaded.problem} again={loaded.again} />
  const since = loaded.stale === undefined ? undefined : strings.stale.since(minuteOf(loaded.stale))
  return (
    <>
      {loaded.problem && <NotAgain problem={loaded.problem} again={loaded.again} />}
      {since !== undefined && since !== around && <p class="aside stale-since">{since}</p>}
      <StaleContext.Provider value={since ?? around}>{children(loaded.value)}</StaleContext.Provider>
    </>
  )
}

function Ghosts({ count }: { readonly count: number }): JSX.Element {
  return (
    <div class="ghosts" role="status">
      <span class="sr">{strings.loading}</span>
      {Array.from({ length: count }, (_, at) => (
        <span class="ghost" key={at} aria-hidden="true" />
      ))}
    </div>
  )
}

export function Failure(props: { problem: ProblemView; again?: () => void }): JSX.Element {
  const { problem, again } = props
  return (
    <div class="failure" role="alert">
      <p class="failure-title">{strings.failure.title}</p>
      <p>{problemWords(problem)}</p>
      {again && (
        <button type="button" class="button" onClick={again}>
          {strings.again}
        </button>
      )}
    </div>
  )
}

/** Notice above data that could not be reloaded and may be outdated. */
function NotAgain({ problem, again }: { readonly problem: ProblemView; readonly again: () => void }): JSX.Element {
  return (
    <div class="notice notice-bad not-again" role="alert">
      <p>
        <strong>{strings.stale.notAgain}</strong> {problemWords(problem)} {problem.cure}
      </p>
      <button type="button" class="button" onClick={again}>
        {strings.again}
      </button>
    </div>
  )
}

/** A problem as one text, with the time to wait. */
export function problemWords({ code, title, detail, retryAfter }: ProblemView): string {
  const said =
    code === 'offline'
      ? strings.failure.offline
      : code === 'signed_out'
        ? strings.failure.signedOut
        : [title, detail].filter(Boolean).join(' ')
  return retryAfter === undefined ? said : `${said} ${strings.failure.retryAfter(retryAfter)}`
}

interface ProblemProps {
  readonly problem: ProblemView | undefined
  /** Said instead of the problem's own words. */
  readonly words?: string
}

/**
 * Problem of an action, to be placed beside its control. In a form it takes the focus, unless a field is invalid, which then has it; elsewhere it is
 * an alert, and the focus stays.
 */
export function Problem({ problem, words }: ProblemProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null)
  const [isInForm, setInForm] = useState(true)
  useEffect(() => setInForm(place.current?.closest('form') != null), [])
  useEffect(() => {
    const summary = place.current
    const form = summary?.closest('form')
    if (!problem || !summary) return
    if (form) focusRefusal(form, summary)
    else summary.scrollIntoView({ block: 'nearest' })
  }, [problem])
  return (
    <div class="problem-place" ref={place} {...(isInForm ? { tabIndex: -1 } : { role: 'alert' })}>
      {problem && <p class="problem">{words ?? problemWords(problem)}</p>}
    </div>
  )
}

/** Empty state of a list, with what to do about it. */
export function Empty(props: { title: string; words: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{props.title}</p>
      <p>{props.words}</p>
      {props.children}
    </div>
  )
}
