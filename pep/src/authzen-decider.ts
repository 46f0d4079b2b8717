/**
 * The port's real implementation: AuthZEN 1.0 over HTTP. Fails closed: whatever is not a well-formed answer is a fault, never a permit.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html AuthZEN 1.0}
 * @module
 */
import type { EvaluationRequest, EvaluationsRequest } from '@mandate/protocol'
import { z } from 'zod'
import { Breaker } from './breaker.ts'
import type { BatchQuestion, Decider, Question } from './decider.ts'
import { type CallOptions, callJson, type JsonAnswer, undecided } from './http-call.ts'
import { type Outcome, type Resource, readOutcome } from './outcome.ts'
import type { Transport } from './transport.ts'

/** Five failures in a row, then five seconds of peace for the PDP. */
const BREAKER = { threshold: 5, openMs: 5_000, now: () => performance.now() } as const
/** Resources a batch; more are asked in several batches, one after another. */
const MAX_BATCH = 50

const evaluationsAnswerSchema = z.looseObject({ evaluations: z.array(z.unknown()) })

export function createAuthzenDecider(options: Transport): Decider {
  const breaker = new Breaker(BREAKER)
  const ask = async (path: string, requestId: string, body: unknown): Promise<unknown> => {
    const waitMs = breaker.enter()
    if (waitMs > 0) throw undecided('the circuit to the PDP is open', String(Math.ceil(waitMs / 1_000)))
    const answer = await callThrough(breaker, options, { path: options.basePath + path, requestId, body })
    if (answer.status !== 200) throw undecided(`the PDP answered ${answer.status}`, answer.retryAfter)
    return answer.body
  }
  const askBatch = async (question: BatchQuestion): Promise<readonly Outcome[]> => {
    const answer = await ask('/access/v1/evaluations', question.authz.requestId, batchRequest(question))
    return readBatch(question.resources, answer)
  }
  return {
    decide: async (question) => {
      const answer = await ask('/access/v1/evaluation', question.authz.requestId, singleRequest(question))
      const outcome = readOutcome(question.resource, answer)
      if (!outcome) throw undecided('the PDP answered something that is no AuthZEN decision')
      return outcome
    },
    decideEach: async (question) => {
      const outcomes: Outcome[] = []
      for (let from = 0; from < question.resources.length; from += MAX_BATCH) {
        const resources = question.resources.slice(from, from + MAX_BATCH)
        outcomes.push(...(await askBatch({ ...question, resources })))
      }
      return outcomes
    },
    close: options.close,
  }
}

/** Counts as a failure what costs the caller its deadline: no answer. A prompt answer, even 500, closes the circuit. */
async function callThrough(
  breaker: Breaker,
  options: CallOptions,
  call: { readonly path: string; readonly requestId: string; readonly body: unknown },
): Promise<JsonAnswer> {
  try {
    const answer = await callJson(options, { method: 'POST', ...call })
    breaker.succeeded()
    return answer
  } catch (error) {
    breaker.failed()
    throw undecided('the PDP, or the token for it, could not be had in time', '1', error)
  }
}

function readBatch(resources: readonly Resource[], answer: unknown): readonly Outcome[] {
  const parsed = evaluationsAnswerSchema.safeParse(answer)
  if (!parsed.success || parsed.data.evaluations.length !== resources.length) {
    throw undecided('the PDP answered a batch with something else')
  }
  return resources.map((resource, index) => {
    const outcome = readOutcome(resource, parsed.data.evaluations[index])
    if (!outcome) throw undecided('an item of the batch is no AuthZEN decision')
    return outcome
  })
}

function singleRequest({ authz, action, resource }: Question): EvaluationRequest {
  return { subject: subjectOf(authz), action: { name: action }, resource: resourceOf(resource) }
}

function batchRequest({ authz, action, resources }: BatchQuestion): EvaluationsRequest {
  return {
    subject: subjectOf(authz),
    action: { name: action },
    evaluations: resources.map((resource) => ({ resource: resourceOf(resource) })),
    options: { evaluations_semantic: 'execute_all', reasons: true },
  }
}

function subjectOf({ subject, actor, sid, persona }: Question['authz']): EvaluationRequest['subject'] {
  const properties = {
    ...(persona === undefined ? {} : { persona }),
    ...(actor === undefined ? {} : { act: { sub: actor.id, sub_profile: 'ai_agent' } }),
    ...(sid === undefined ? {} : { sid }),
  }
  return { ...subject, ...(Object.keys(properties).length === 0 ? {} : { properties }) }
}

function resourceOf({ type, id, properties }: Resource): EvaluationRequest['resource'] {
  return { type, id, ...(properties === undefined ? {} : { properties: { ...properties } }) }
}
