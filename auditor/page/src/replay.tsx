/**
 * Replay of a decision: the logged outcome, the outcome now, and the differences.
 *
 * @module
 */

import { type LoggedEntry, type Outcome, replaySchema } from '@mandate/protocol'
import { Glyph, glyphOf, minuteOf, reasonWords, VERDICT_WORD, verdictOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { api } from './api.ts'
import { Failure } from './parts.tsx'
import { ApiError } from './request.ts'
import { useLoaded } from './use.ts'

/** Differences that are shown as "newer rules" when the outcome is the same: policy and model. */
const RULES: ReadonlySet<string> = new Set(['policy', 'model'])

function differenceWords(differs: readonly string[]): string {
  if (differs.length === 0) return 'The decision would be the same now.'
  if (differs.every((name) => RULES.has(name))) return 'The decision would be the same now, under newer rules.'
  return `The answer is another today. What differs: ${differs.join(', ')}.`
}

export function Replay({ entry }: { readonly entry: LoggedEntry }): JSX.Element {
  const loaded = useLoaded(
    async (signal) => {
      const replay = replaySchema.safeParse(await api.replay(entry.id, signal))
      if (replay.success) return { before: replay.data.then, now: replay.data.now, differs: replay.data.differs }
      throw new ApiError(502, 'unreadable', 'The response of the server is not valid.')
    },
    [entry.id],
  )
  if (loaded.state === 'loading') return <p class="waiting">Replaying…</p>
  if (loaded.state === 'failed') {
    if (loaded.error.status >= 400 && loaded.error.status < 500 && loaded.error.status !== 401)
      return <p class="aside">{loaded.error.message}</p>
    return <Failure error={loaded.error} again={loaded.again} />
  }
  const { before, now, differs } = loaded.value
  return (
    <>
      <div class="replay">
        <AnswerBox title="Then" answer={before} />
        <AnswerBox title="Now" answer={now} />
      </div>
      <p class={differs.some((name) => !RULES.has(name)) ? 'replay-words differs' : 'replay-words'}>
        {differenceWords(differs)}
      </p>
    </>
  )
}

function AnswerBox(props: { title: string; answer: Outcome }): JSX.Element {
  const { title, answer } = props
  const verdict = verdictOf(answer)
  return (
    <div class="answer">
      <p class="answer-title">
        {title}
        <span class="answer-at"> {minuteOf(answer.at)}</span>
      </p>
      <p class={`verdict verdict-${verdict}`}>
        <Glyph name={glyphOf(verdict)} />
        {VERDICT_WORD[verdict]}
      </p>
      <ul class="answer-reasons">
        {answer.reasons.map(({ code }) => (
          <li key={code}>{reasonWords(code)}</li>
        ))}
      </ul>
    </div>
  )
}
