/**
 * The operations of somebody who is signed in, from their input to their answer; for reading ones what was last seen stands in while the service does not
 * answer.
 *
 * @module
 */
import { type Answer, OPERATIONS, type OperationName } from '../shared/channel.ts'
import { accountHandlers } from './account-handlers.ts'
import { activityHandlers } from './activity.ts'
import { contactHandlers } from './contacts.ts'
import { domainHandlers } from './domains.ts'
import { grantHandlers } from './grants.ts'
import type { Context } from './handlers.ts'
import { invitationHandlers } from './invitations.ts'
import type { Living } from './living.ts'
import { personaHandlers } from './personas.ts'
import { localProblem, problemOf } from './problems.ts'
import { runHandlers } from './runs.ts'
import { tripHandlers } from './trips.ts'

const HANDLERS = {
  ...contactHandlers,
  ...domainHandlers,
  ...personaHandlers,
  ...tripHandlers,
  ...runHandlers,
  ...grantHandlers,
  ...invitationHandlers,
  ...activityHandlers,
  ...accountHandlers,
}
type HandledName = keyof typeof HANDLERS

/** Of these the last good answer is worth something. */
const READING: ReadonlySet<OperationName> = new Set([
  'domains.list',
  'personas.list',
  'trips.templates',
  'trips.list',
  'trips.read',
  'runs.list',
  'grants.list',
  'grants.read',
  'grants.below',
  'invitations.list',
  'activity.list',
  'activity.read',
  'activity.proof',
])

/** @throws whatever the handler does, when nothing can stand in for its answer. */
export async function answerWith<N extends HandledName>(name: N, input: unknown, living: Living): Promise<Answer<N>> {
  const { context, seen } = living
  const handler = HANDLERS[name] as (input: unknown, context: Context) => Promise<unknown>
  const key = JSON.stringify([name, input ?? null])
  try {
    const parsed = OPERATIONS[name].output.safeParse(await handler(input, context))
    if (context.account.end.aborted) throw localProblem('signed_out')
    if (!parsed.success) throw localProblem('unreadable_answer')
    if (READING.has(name)) seen.put(key, parsed.data, context.clock())
    return { ok: true, value: parsed.data } as Answer<N>
  } catch (error) {
    if (context.account.end.aborted) throw localProblem('signed_out')
    const before = READING.has(name) && problemOf(error).isUnavailable ? await seen.get(key) : undefined
    const parsed = before && OPERATIONS[name].output.safeParse(before.value)
    if (!before || !parsed?.success) throw error
    return { ok: true, value: parsed.data, stale: new Date(before.at).toISOString() } as Answer<N>
  }
}
