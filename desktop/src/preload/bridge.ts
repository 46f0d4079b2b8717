/**
 * The window's end of the channel. Whatever does not stand in the channel's lists is neither sent nor handed on. Holds no token and knows no `electron`, so
 * that the development host uses the same.
 *
 * @module
 */
import { type Answer, answerSchema, type Bridge, EVENTS, type EventName, OPERATIONS } from '../shared/channel.ts'
import { type CallMessage, callMessageSchema, eventMessageSchema, refusal } from '../shared/messages.ts'

/** What carries messages to the main process and back. */
export interface Wire {
  /** May reject: then there is no main process any more. */
  readonly send: (message: CallMessage) => Promise<unknown>
  readonly listen: (listener: (message: unknown) => void) => void
}

type Listener = (event: unknown) => void

/** `call` never rejects; `on` throws a TypeError for a name that is no event. */
export function createBridge(wire: Wire): Bridge {
  const listeners = new Map<EventName, Set<Listener>>()
  wire.listen((message) => {
    const parsed = eventMessageSchema.safeParse(message)
    if (!parsed.success) return
    const event = EVENTS[parsed.data.name].safeParse(parsed.data.event)
    if (!event.success) return
    for (const listener of listeners.get(parsed.data.name) ?? []) listener(event.data)
  })
  return {
    call: async (name, input) => (await call(wire, name, input)) as Answer<typeof name>,
    on: (name, listener) => {
      if (!Object.hasOwn(EVENTS, name) || typeof listener !== 'function') throw new TypeError('on: no such event')
      const added: Listener = (event) => listener(event as Parameters<typeof listener>[0])
      const others = listeners.get(name) ?? new Set<Listener>()
      listeners.set(name, others.add(added))
      return () => void others.delete(added)
    },
  }
}

async function call(wire: Wire, name: unknown, input: unknown): Promise<unknown> {
  const message = callMessageSchema.safeParse({ name, input })
  if (!message.success) return refusal('bad_call')
  const { data } = message
  if (!OPERATIONS[data.name].input.safeParse(data.input).success) return refusal('bad_call')
  try {
    const answer = answerSchema(data.name).safeParse(await wire.send(data))
    return answer.success ? answer.data : refusal('unreadable_answer')
  } catch {
    return refusal('unreadable_answer')
  }
}
