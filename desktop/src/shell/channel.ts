/**
 * The core's end of the channel, whatever carries it: checks what comes in before the core sees it, and what goes out after. Knows no `electron`.
 *
 * @module
 */
import type { Core } from '../main/host.ts'
import { type Answer, answerSchema, EVENTS, OPERATIONS, type OperationName } from '../shared/channel.ts'
import { callMessageSchema, type EventMessage, refusal } from '../shared/messages.ts'

/** Never rejects: what goes wrong is an answer too, without a word of what it was. */
export async function answerCall(core: Pick<Core, 'call'>, message: unknown): Promise<Answer<OperationName>> {
  const parsed = callMessageSchema.safeParse(message)
  if (!parsed.success) return refusal('bad_call')
  const { name, input } = parsed.data
  if (!OPERATIONS[name].input.safeParse(input).success) return refusal('bad_call')
  try {
    const answer = answerSchema(name).safeParse(await core.call(name, input))
    return answer.success ? answer.data : refusal('unreadable_answer')
  } catch {
    return refusal('unreadable_answer')
  }
}

/** Hands on what the core says unasked, as far as it is an event of the channel. Returns a function that stops it. */
export function forwardEvents(core: Pick<Core, 'listen'>, send: (message: EventMessage) => void): () => void {
  return core.listen((name, event) => {
    const checked = EVENTS[name].safeParse(event)
    if (checked.success) send({ name, event: checked.data })
  })
}
