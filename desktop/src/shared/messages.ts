/**
 * Message formats of the channel, for both transports: Electron's IPC, and HTTP of the development host.
 *
 * @module
 */
import { z } from 'zod'
import { type CallResult, EVENTS, type EventName, OPERATIONS, type OperationName } from './channel.ts'

/** Names of the two IPC channels. */
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
  bad_call: 'The window sent an invalid call.',
  unreadable_answer: 'The response is invalid.',
} as const

/** The result for a refused call or an invalid response. Has no details. */
export function refusal(code: keyof typeof TITLES): Extract<CallResult<OperationName>, { readonly ok: false }> {
  return { ok: false, problem: { code, title: TITLES[code] } }
}
