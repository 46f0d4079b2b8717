/**
 * Decider over HTTP by AuthZEN 1.0. Fails closed: any answer that is not well-formed is a fault, never a permit. Nothing is cached.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html AuthZEN 1.0}
 * @module
 */
import { type EvaluationRequest, type EvaluationsRequest, refuse } from '@mandate/protocol'
import { Breaker, type Deadline, sooner } from '@mandate/service'
import { z } from 'zod'
import type { BatchQuestion, Decider, Question, SearchAnswer, SearchQuestion } from './decider.ts'
import { callJson, type JsonAnswer, type JsonCall, undecided } from './http-call.ts'
import { type Outcome, type Resource, readOutcome } from './outcome.ts'
import type { Transport } from './transport.ts'

/** The circuit opens after five failures in a row, for five seconds. */
const BREAKER = { threshold: 5, openMs: 5_000, now: () => performance.now() } as const
/** Resources a batch; more are asked in several batches, one after another, all before the same deadline. */
const MAX_BATCH = 50

const evaluationsAnswerSchema = z.looseObject({ evaluations: z.array(z.unknown()) })
const searchAnswerSchema = z.looseObject({
  results: z.array(z.looseObject({ type: z.string(), id: z.string().min(1) })),
  page: z.looseObject({ next_token: z.string().optional() }).nullish(),
})

interface Limits {
  readonly deadline?: Deadline | undefined
  readonly signal?: AbortSignal | undefined
}

type Ask = (path: string, question: Pick<Question, 'authz'>, body: unknown, limits?: Limits) => Promise<JsonAnswer>

export function createAuthzenDecider(transport: Transport): Decider {
  const breaker = new Breaker(BREAKER)
  const deadlineOf = ({ authz }: Pick<Question, 'authz'>) => sooner(transport.timeoutMs, authz.deadline)
  const ask: Ask = async (path, question, body, { deadline = deadlineOf(question), signal } = {}) => {
    const waitMs = breaker.enter()
    if (waitMs > 0) throw undecided('the circuit to the PDP is open', String(Math.ceil(waitMs / 1_000)))
    const { requestId } = question.authz
    const call = { method: 'POST', path: transport.basePath + path, requestId, body, signal } as const
    return await callThrough(breaker, transport, call, deadline)
  }
  return {
    decide: async (question) => {
      const answer = answered(await ask('/access/v1/evaluation', question, singleRequest(question), question))
      const outcome = readOutcome(question.resource, answer.body)
      if (!outcome) throw undecided('the PDP answered something that is no AuthZEN decision')
      return outcome
    },
    decideEach: async (question) => {
      const outcomes: Outcome[] = []
      const { deadline = deadlineOf(question), signal } = question
      for (let from = 0; from < question.resources.length; from += MAX_BATCH) {
        const resources = question.resources.slice(from, from + MAX_BATCH)
        const request = batchRequest({ ...question, resources })
        outcomes.push(
          ...readBatch(
            resources,
            answered(await ask('/access/v1/evaluations', question, request, { deadline, signal })),
          ),
        )
      }
      return outcomes
    },
    search: async (question) => {
      const answer = await ask('/access/v1/search/resource', question, searchRequest(question), question)
      return readSearch(question, answer)
    },
    close: transport.close,
  }
}

/** Only a missing answer counts as a failure. An answer in time, even 500, closes the circuit. */
async function callThrough(
  breaker: Breaker,
  transport: Transport,
  call: JsonCall,
  deadline: Deadline,
): Promise<JsonAnswer> {
  try {
    const answer = await callJson(transport, call, deadline)
    breaker.succeeded()
    return answer
  } catch (error) {
    // Otherwise a caller with a short deadline, or one that disconnects, would open the circuit for all callers.
    const isCallers = deadline.byCaller && error instanceof Error && error.name === 'TimeoutError'
    if (isCallers || call.signal?.aborted) breaker.unclear()
    else breaker.failed()
    throw undecided('the PDP, or the token for it, could not be had in time', '1', error)
  }
}

function answered(answer: JsonAnswer): JsonAnswer {
  if (answer.status === 200) return answer
  throw undecided(`the PDP answered ${answer.status}`, answer.retryAfter)
}

function readBatch(resources: readonly Resource[], { body }: JsonAnswer): readonly Outcome[] {
  const parsed = evaluationsAnswerSchema.safeParse(body)
  if (!parsed.success || parsed.data.evaluations.length !== resources.length) {
    throw undecided('the PDP answered a batch with something else')
  }
  return resources.map((resource, index) => {
    const outcome = readOutcome(resource, parsed.data.evaluations[index])
    if (!outcome) throw undecided('an item of the batch is no AuthZEN decision')
    return outcome
  })
}

/** A page token comes from the caller: one that the PDP refuses is an invalid request, not a failure of the PDP. */
function readSearch({ type, page }: SearchQuestion, answer: JsonAnswer): SearchAnswer {
  if (answer.status === 400 && page !== undefined)
    throw refuse('invalid_request', 'The page cannot be had: begin again.')
  const parsed = searchAnswerSchema.safeParse(answered(answer).body)
  const results = parsed.data?.results ?? []
  if (!parsed.success || results.some((result) => result.type !== type)) {
    throw undecided('the PDP answered a search with something else')
  }
  const next = parsed.data.page?.next_token
  return {
    ids: results.map(({ id }) => id),
    ...(next ? { next } : {}),
    ...(answer.evaluationId === undefined ? {} : { evaluationId: answer.evaluationId }),
  }
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

function searchRequest({ authz, action, type, page }: SearchQuestion): object {
  const asked = { subject: subjectOf(authz), action: { name: action }, resource: { type } }
  return page === undefined ? asked : { ...asked, page }
}

function subjectOf({ subject, actor, sid, issuedAt, persona }: Question['authz']): EvaluationRequest['subject'] {
  const properties = {
    ...(persona === undefined ? {} : { persona }),
    ...(actor === undefined ? {} : { act: { sub: actor.id, sub_profile: 'ai_agent' } }),
    ...(sid === undefined ? {} : { sid }),
    // A session without `sid` ends when all sessions of the person end, which the PDP tells by the age of the token.
    ...(sid === undefined || issuedAt === undefined ? {} : { iat: issuedAt }),
  }
  return { ...subject, ...(Object.keys(properties).length === 0 ? {} : { properties }) }
}

function resourceOf({ type, id, properties }: Resource): EvaluationRequest['resource'] {
  return { type, id, ...(properties === undefined ? {} : { properties: { ...properties } }) }
}
