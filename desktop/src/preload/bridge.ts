/**
 * The window's side of the channel: refuses calls and drops events that the channel does not define. Holds no token. Independent of Electron: the
 * development host uses it too.
 *
 * @module
 */
import {
  type Bridge,
  type CallResult,
  callResultSchema,
  EVENTS,
  type EventName,
  OPERATIONS,
} from '../shared/channel.ts'
import { type CallMessage, callMessageSchema, eventMessageSchema, refusal } from '../shared/messages.ts'

/** Transport of messages to and from the main process. */
export interface Wire {
  /** Rejects when the main process is gone. */
  readonly send: (message: CallMessage) => Promise<unknown>
  readonly listen: (listener: (message: unknown) => void) => void
}

type Listener = (event: unknown) => void

/** Makes the bridge. `call` never rejects; `on` throws TypeError for an unknown event. */
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
    call: async (name, input) => (await call(wire, name, input)) as CallResult<typeof name>,
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
    const answer = callResultSchema(data.name).safeParse(await wire.send(data))
    return answer.success ? answer.data : refusal('unreadable_answer')
  } catch {
    return refusal('unreadable_answer')
  }
}
