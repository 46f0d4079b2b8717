/**
 * The same question asked again: what was answered then, what would be answered now, and what differs.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import type { JSX } from 'preact'
import { z } from 'zod'
import { ApiError, api } from './api.ts'
import { Failure, Glyph, glyphOf } from './parts.tsx'
import { useLoaded } from './use.ts'
import { minuteOf, reasonWords, VERDICT_WORD, verdictOf } from './words.ts'

const answerSchema = z.object({
  decision: z.boolean(),
  at: z.string().optional(),
  evaluated_at: z.string().optional(),
  reasons: z.array(z.object({ code: z.string() })).optional(),
  context: z
    .object({ reasons: z.array(z.object({ code: z.string() })), evaluated_at: z.string() })
    .partial()
    .optional(),
  policy: z.string().optional(),
})
type Answer = z.infer<typeof answerSchema>

const replaySchema = z.object({
  // biome-ignore lint/suspicious/noThenProperty: its name on the wire; it is taken apart where it is parsed
  then: answerSchema,
  now: answerSchema,
  differs: z.union([z.boolean(), z.array(z.string())]),
})

export function Replay({ entry }: { readonly entry: LoggedEntry }): JSX.Element {
  const loaded = useLoaded(
    async (signal) => {
      const replay = replaySchema.safeParse(await api.replay(entry.id, signal))
      if (replay.success) return { before: replay.data.then, now: replay.data.now, differs: replay.data.differs }
      throw new ApiError(502, 'unreadable', 'The answer is not one this page understands.')
    },
    [entry.id],
  )
  if (loaded.state === 'loading') return <p class="waiting">Asking again…</p>
  if (loaded.state === 'failed') {
    if (loaded.error.status >= 400 && loaded.error.status < 500 && loaded.error.status !== 401)
      return <p class="aside">It cannot be asked again: {loaded.error.message}</p>
    return <Failure error={loaded.error} again={loaded.again} />
  }
  const { before, now, differs } = loaded.value
  const named = Array.isArray(differs) ? differs : []
  const isSame = Array.isArray(differs) ? differs.length === 0 : !differs
  return (
    <>
      <div class="replay">
        <AnswerBox title="Then" answer={before} at={entry.at} />
        <AnswerBox title="Now" answer={now} at={undefined} />
      </div>
      <p class={isSame ? 'replay-words' : 'replay-words differs'}>
        {isSame
          ? 'The same would be answered today.'
          : `The answer is another today${named.length > 0 ? `: ${named.map(reasonWords).join(', ')}` : '.'}`}
      </p>
    </>
  )
}

function AnswerBox(props: { title: string; answer: Answer; at: string | undefined }): JSX.Element {
  const { title, answer, at } = props
  const verdict = verdictOf(answer)
  const reasons = answer.reasons ?? answer.context?.reasons ?? []
  const when = at ?? answer.at ?? answer.evaluated_at ?? answer.context?.evaluated_at
  return (
    <div class="answer">
      <p class="answer-title">
        {title}
        {when && <span class="answer-at"> {minuteOf(when)}</span>}
      </p>
      <p class={`verdict verdict-${verdict}`}>
        <Glyph name={glyphOf(verdict)} />
        {VERDICT_WORD[verdict]}
      </p>
      <ul class="answer-reasons">
        {reasons.map(({ code }) => (
          <li key={code}>{reasonWords(code)}</li>
        ))}
      </ul>
    </div>
  )
}
