/**
 * Reads as much as possible of a batch item that could not be decided, for its log entry.
 *
 * @module
 */
import { evaluationRequestSchema, Fault } from '@mandate/protocol'
import type { Principal } from '../pap/pap.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { DecisionContextDeps } from './decision-context.ts'

/** Placeholders for unreadable members. The subject is no person, because translating a person named by a service registers them. */
const UNREADABLE = {
  subject: { type: 'agent', id: 'unreadable' },
  action: { name: 'unreadable' },
  resource: { type: 'unreadable', id: 'unreadable' },
} as const

type ReadableRequest = Pick<EntryDraft, 'subject' | 'actor' | 'action' | 'resource'>

export async function readableRequest(
  { pseudonymizer, redact }: DecisionContextDeps,
  item: Readonly<Record<string, unknown>>,
  by: Pick<Principal, 'types'>,
): Promise<ReadableRequest> {
  const { shape } = evaluationRequestSchema
  const subject = shape.subject.safeParse(item['subject']).data
  const action = shape.action.safeParse(item['action']).data
  const resource = shape.resource.safeParse(item['resource']).data
  const request = {
    subject: subject ?? UNREADABLE.subject,
    action: action ?? UNREADABLE.action,
    resource: resource ?? UNREADABLE.resource,
  }
  const evaluation = await translated(() => pseudonymizer.evaluation(request, by))
  if (!evaluation) return {}
  const { actor } = evaluation
  return {
    ...(subject ? { subject: await redact.party(evaluation.subject) } : {}),
    ...(subject && actor ? { actor: await redact.party(actor) } : {}),
    ...(action ? { action: redact.action(evaluation) } : {}),
    ...(resource ? { resource: await redact.resource(evaluation.resource, false) } : {}),
  }
}

/** Leaves out what the pseudonymizer refuses. */
async function translated<T>(translate: () => Awaitable<T>): Promise<T | undefined> {
  try {
    return await translate()
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}
