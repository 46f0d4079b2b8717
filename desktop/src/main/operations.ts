/**
 * Runs the operations that need a signed-in account. Reading operations fall back to the cached result while a service is unreachable.
 *
 * @module
 */
import { type CallResult, OPERATIONS, type OperationName } from '../shared/channel.ts'
import { accountHandlers } from './account-handlers.ts'
import type { AccountRuntime } from './account-runtime.ts'
import { activityHandlers } from './activity.ts'
import { contactHandlers } from './contact-handlers.ts'
import { domainHandlers } from './domains.ts'
import { grantHandlers } from './grants.ts'
import type { Context } from './handlers.ts'
import { invitationHandlers } from './invitations.ts'
import { personaHandlers } from './persona-handlers.ts'
import { localProblem, problemOf } from './problems.ts'
import { runHandlers } from './runs.ts'
import { thingHandlers } from './things.ts'
import { tripHandlers } from './trips.ts'
import { useHandlers } from './uses.ts'

const HANDLERS = {
  ...contactHandlers,
  ...domainHandlers,
  ...personaHandlers,
  ...thingHandlers,
  ...tripHandlers,
  ...runHandlers,
  ...grantHandlers,
  ...invitationHandlers,
  ...useHandlers,
  ...activityHandlers,
  ...accountHandlers,
}
type HandledName = keyof typeof HANDLERS

/** Operations whose last result is cached. */
const READING: ReadonlySet<OperationName> = new Set([
  'domains.list',
  'things.list',
  'things.labels',
  'personas.list',
  'trips.templates',
  'trips.list',
  'trips.read',
  'runs.list',
  'grants.list',
  'grants.read',
  'grants.below',
  'uses.list',
  'invitations.list',
  'activity.list',
  'activity.read',
  'activity.proof',
])

/** Runs one operation. @throws What the handler throws, when there is no cached result. */
export async function runOperation<N extends HandledName>(
  name: N,
  input: unknown,
  runtime: AccountRuntime,
): Promise<CallResult<N>> {
  const { context, answers } = runtime
  const handler = HANDLERS[name] as (input: unknown, context: Context) => Promise<unknown>
  const key = JSON.stringify([name, input ?? null])
  try {
    const parsed = OPERATIONS[name].output.safeParse(await handler(input, context))
    if (context.account.end.aborted) throw localProblem('signed_out')
    if (!parsed.success) throw localProblem('unreadable_answer')
    if (READING.has(name)) answers.put(key, parsed.data, context.clock())
    return { ok: true, value: parsed.data } as CallResult<N>
  } catch (error) {
    if (context.account.end.aborted) throw localProblem('signed_out')
    const before = READING.has(name) && problemOf(error).isUnavailable ? await answers.get(key) : undefined
    const parsed = before && OPERATIONS[name].output.safeParse(before.value)
    if (!before || !parsed?.success) throw error
    return { ok: true, value: parsed.data, stale: new Date(before.at).toISOString() } as CallResult<N>
  }
}
