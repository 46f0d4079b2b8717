/**
 * What an item of a batch asked, for the entry of one that could not be decided: as much of it as can be read, fit for the log.
 *
 * @module
 */
import { evaluationRequestSchema, Fault } from '@mandate/protocol'
import type { Principal } from '../pap/pap.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { AnswerDeps } from './answers.ts'

/** Stand for members that cannot be read. No person: a service that names one makes them known. */
const UNREADABLE = {
  subject: { type: 'agent', id: 'unreadable' },
  action: { name: 'unreadable' },
  resource: { type: 'unreadable', id: 'unreadable' },
} as const

type Asked = Pick<EntryDraft, 'subject' | 'actor' | 'action' | 'resource'>

export async function askedIn(
  { pseudonymizer, redact }: AnswerDeps,
  item: Readonly<Record<string, unknown>>,
  by: Pick<Principal, 'types'>,
): Promise<Asked> {
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

/** What the pseudonymizer refuses is not kept either. */
async function translated<T>(translate: () => Promise<T>): Promise<T | undefined> {
  try {
    return await translate()
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}
