/**
 * The core's side of the channel, independent of the transport: validates calls before the core gets them, and results before they are sent.
 *
 * @module
 */
import type { Core } from '../main/host.ts'
import { type CallResult, callResultSchema, EVENTS, OPERATIONS, type OperationName } from '../shared/channel.ts'
import { callMessageSchema, type EventMessage, refusal } from '../shared/messages.ts'

/** Runs a call. Never rejects: an error is a result without details. */
export async function answerCall(core: Pick<Core, 'call'>, message: unknown): Promise<CallResult<OperationName>> {
  const parsed = callMessageSchema.safeParse(message)
  if (!parsed.success) return refusal('bad_call')
  const { name, input } = parsed.data
  if (!OPERATIONS[name].input.safeParse(input).success) return refusal('bad_call')
  try {
    const answer = callResultSchema(name).safeParse(await core.call(name, input))
    return answer.success ? answer.data : refusal('unreadable_answer')
  } catch {
    return refusal('unreadable_answer')
  }
}

/** Forwards valid events of the core. @returns A function that stops it. */
export function forwardEvents(core: Pick<Core, 'listen'>, send: (message: EventMessage) => void): () => void {
  return core.listen((name, event) => {
    const checked = EVENTS[name].safeParse(event)
    if (checked.success) send({ name, event: checked.data })
  })
}
