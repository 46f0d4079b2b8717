/**
 * Replay of a decision on demand: the result then, the result now, and the differences.
 *
 * @module
 */
import type { Replay as Answers, Outcome } from '@mandate/protocol'
import { Glyph, glyphOf, minuteOf, reasonWords, verdictOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Problem } from '../../parts/states.tsx'
import { useAction, useOnline } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'

const TEXTS = strings.activity
/** A newer policy with the same result is mentioned, not shown as a difference. */
const RULES: ReadonlySet<string> = new Set(['policy', 'model'])

export function Replay({ id }: { readonly id: string }): JSX.Element {
  const isOnline = useOnline()
  const [answers, setAnswers] = useState<Answers>()
  const replay = useAction('activity.replay')
  const ask = async (): Promise<void> => {
    const answer = await replay.run({ id })
    if (answer.ok) setAnswers(answer.value)
  }
  return (
    <>
      {answers && <Both answers={answers} />}
      <button type="button" class="button" disabled={!isOnline || replay.isBusy} onClick={() => void ask()}>
        {replay.isBusy ? TEXTS.asking : TEXTS.ask}
      </button>
      <Problem problem={replay.problem} />
    </>
  )
}

function Both({ answers }: { readonly answers: Answers }): JSX.Element {
  const { then: before, now, differs } = answers
  const isOther = differs.some((name) => !RULES.has(name))
  return (
    <div class="replay" role="status">
      <div class="replay-both">
        <OneAnswer title={TEXTS.before} answer={before} />
        <OneAnswer title={TEXTS.now} answer={now} />
      </div>
      <p class={isOther ? 'replay-words differs' : 'replay-words'}>{differenceWords(differs)}</p>
    </div>
  )
}

function differenceWords(differs: readonly string[]): string {
  if (differs.length === 0) return TEXTS.same
  if (differs.every((name) => RULES.has(name))) return TEXTS.sameNewer
  return TEXTS.differs(strings.list(differs.map((name) => TEXTS.differences[name] ?? name)))
}

function OneAnswer({ title, answer }: { readonly title: string; readonly answer: Outcome }): JSX.Element {
  const verdict = verdictOf(answer)
  return (
    <div class="replay-one">
      <p class="aside">
        {title}, {minuteOf(answer.at)}
      </p>
      <p class={`verdict verdict-${verdict}`}>
        <Glyph name={glyphOf(verdict)} />
        {TEXTS.was[verdict]}
      </p>
      <ul>
        {answer.reasons.map(({ code }) => (
          <li key={code}>{strings.capital(reasonWords(code))}</li>
        ))}
      </ul>
    </div>
  )
}
