/**
 * How calls and events cross from window to main process and back, whatever carries them: Electron's IPC, or HTTP of the development host.
 *
 * @module
 */
import { z } from 'zod'
import { type Answer, EVENTS, type EventName, OPERATIONS, type OperationName } from './channel.ts'

/** Names of Electron's channels: one for calls, one for events, no other. */
export const CALL_CHANNEL = 'mandate:call'
export const EVENT_CHANNEL = 'mandate:event'

function namesOf<K extends string>(table: Readonly<Record<K, unknown>>): [K, ...K[]] {
  const [first, ...rest] = Object.keys(table) as K[]
  if (first === undefined) throw new TypeError('the channel has no names')
  return [first, ...rest]
}

export const callMessageSchema = z.strictObject({
  name: z.enum(namesOf<OperationName>(OPERATIONS)),
  input: z.unknown().optional(),
})
export type CallMessage = z.infer<typeof callMessageSchema>

export const eventMessageSchema = z.strictObject({
  name: z.enum(namesOf<EventName>(EVENTS)),
  event: z.unknown(),
})
export type EventMessage = z.infer<typeof eventMessageSchema>

const TITLES = {
  bad_call: 'The window asked for what cannot be asked.',
  unreadable_answer: 'The answer was not understood.',
} as const

/** What is said instead of an answer that may not cross. It names nothing of what was refused. */
export function refusal(code: keyof typeof TITLES): Extract<Answer<OperationName>, { readonly ok: false }> {
  return { ok: false, problem: { code, title: TITLES[code] } }
}
