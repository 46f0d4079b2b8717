/**
 * The states that everything loaded can be in: loading, failed with what to do about it, not known to be so still, nothing there.
 *
 * @module
 */
import { minuteOf } from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import type { ProblemView } from '../../../src/shared/views.ts'
import type { Loaded } from '../store/hooks.tsx'
import { strings } from '../strings.ts'

interface StatesProps<T> {
  readonly loaded: Loaded<T>
  /** How many ghosts of rows stand in while it loads. */
  readonly ghosts?: number
  readonly children: (value: T) => ComponentChildren
}

/** What was loaded; and until then, or instead of it, what there is to say. */
export function States<T>({ loaded, ghosts = 3, children }: StatesProps<T>): JSX.Element {
  if (loaded.state === 'loading') return <Ghosts count={ghosts} />
  if (loaded.state === 'failed') return <Failure problem={loaded.problem} again={loaded.again} />
  return (
    <>
      {loaded.problem && <NotAgain problem={loaded.problem} again={loaded.again} />}
      {loaded.stale !== undefined && <p class="aside stale-since">{strings.stale.since(minuteOf(loaded.stale))}</p>}
      {children(loaded.value)}
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

/** What was read before may not be so any more, or may not be read any more: said above it, so that nobody takes it for what is. */
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

/** What went wrong and what to do, as one text. */
export function problemWords({ code, title, detail, retryAfter }: ProblemView): string {
  const said =
    code === 'offline'
      ? strings.failure.offline
      : code === 'signed_out'
        ? strings.failure.signedOut
        : [title, detail].filter(Boolean).join(' ')
  return retryAfter === undefined ? said : `${said} ${strings.failure.retryAfter(retryAfter)}`
}

/** What went wrong with something that was done, beside where it was done. */
export function Problem({ problem }: { readonly problem: ProblemView | undefined }): JSX.Element {
  return (
    <div class="problem-place" role="alert">
      {problem && <p class="problem">{problemWords(problem)}</p>}
    </div>
  )
}

/** Nothing is there: said as a thing one can do something about. */
export function Empty(props: { title: string; words: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{props.title}</p>
      <p>{props.words}</p>
      {props.children}
    </div>
  )
}
