/**
 * Decider over HTTP by AuthZEN 1.0. Fails closed: any answer that is not well-formed is a fault, never a permit. Nothing is cached.
 *
 * @see {@link https://openid.net/specs/authorization-api-1_0.html AuthZEN 1.0}
 * @module
 */
import { type EvaluationRequest, type EvaluationsRequest, type Fault, refuse } from '@mandate/protocol'
import { Breaker, type Deadline, sooner } from '@mandate/service'
import { z } from 'zod'
import { type Asker, type Asking, createCoalescer, type Item, type Part } from './coalesce.ts'
import type { Decider, Question, SearchAnswer, SearchQuestion } from './decider.ts'
import { callJson, describeRefusal, type JsonAnswer, type JsonCall, undecided } from './http-call.ts'
import { type Outcome, readOutcome } from './outcome.ts'
import { spreadSeconds, Throttle } from './throttle.ts'
import type { Transport } from './transport.ts'

/** The circuit opens after five failures in a row, for five seconds. */
const BREAKER = { threshold: 5, openMs: 5_000, now: () => performance.now() } as const
/** Questions a batch; more are asked in several batches, one after another, all before the same deadline. */
const MAX_BATCH = 50

const evaluationsAnswerSchema = z.looseObject({ evaluations: z.array(z.unknown()) })
const searchAnswerSchema = z.looseObject({
  results: z.array(z.looseObject({ type: z.string(), id: z.string().min(1) })),
  page: z.looseObject({ next_token: z.string().optional() }).nullish(),
})

/** The PDP lives, and is asked too much. */
const TOO_MANY = 429

type Ask = (path: string, asking: Asking, body: unknown) => Promise<JsonAnswer>

/** Answers by which a PDP refuses a batch, such as for one malformed item or for want of the endpoint. Nothing of the batch was decided. */
const BATCH_REFUSALS = new Set([400, 404, 405, 413, 501])
/** Answers of a PDP that has no batches at all. */
const NO_BATCHES = new Set([404, 405, 501])

export function createAuthzenDecider(transport: Transport): Decider {
  const ask = askThrough(transport)
  const asker = createAsker(ask, transport.timeoutMs)
  const together = createCoalescer(asker, MAX_BATCH)
  const askPart = async (request: object | undefined, part: Part): Promise<readonly Outcome[]> =>
    request === undefined || !asker.hasBatches() ? await asker.alone(part) : await together(request, part)
  return {
    decide: async ({ action, resource, request, ...asking }) => {
      const part = { asking, items: [{ action, resource }], isBatch: false }
      const [outcome] = await askPart(request, part)
      if (!outcome) throw undecided('the PDP answered nothing')
      return outcome
    },
    decideEach: async ({ action, resources, request, ...asking }) => {
      if (resources.length === 0) return []
      const items = resources.map((resource) => ({ action, resource }))
      return await askPart(request, { asking, items, isBatch: true })
    },
    search: async (question) => {
      const answer = await ask('/access/v1/search/resource', question, searchRequest(question))
      return readSearch(question, answer)
    },
    close: transport.close,
  }
}

function askThrough(transport: Transport): Ask {
  const breaker = new Breaker(BREAKER)
  const throttle = new Throttle({ now: () => performance.now() })
  return async (path, { authz, deadline = sooner(transport.timeoutMs, authz.deadline), signal }, body) => {
    if (!throttle.isLetThrough())
      throw undecided('not sent: the PDP refuses most questions of this service', String(spreadSeconds(1)))
    const waitMs = breaker.enter()
    if (waitMs > 0) throw undecided('the circuit to the PDP is open', String(Math.ceil(waitMs / 1_000)))
    const { requestId } = authz
    const call = { method: 'POST', path, requestId, trace: authz, body, signal } as const
    const answer = await callThrough(breaker, transport, call, deadline)
    if (answer.status === TOO_MANY) throttle.refused()
    else throttle.accepted()
    return answer
  }
}

function createAsker(ask: Ask, timeoutMs: number): Asker & { readonly hasBatches: () => boolean } {
  let hasBatches = true
  const batch = (asking: Asking, items: readonly Item[]): Promise<JsonAnswer> =>
    ask('/access/v1/evaluations', asking, batchRequest(asking, items))
  const inBatches = async (asking: Asking, items: readonly Item[]): Promise<readonly Outcome[]> => {
    const deadline = asking.deadline ?? sooner(timeoutMs, asking.authz.deadline)
    const outcomes: Outcome[] = []
    for (let from = 0; from < items.length; from += MAX_BATCH) {
      const some = items.slice(from, from + MAX_BATCH)
      for (const result of readBatch(some, answered(await batch({ ...asking, deadline }, some)))) {
        if (result instanceof Error) throw result
        outcomes.push(result)
      }
    }
    return outcomes
  }
  return {
    hasBatches: () => hasBatches,
    alone: async ({ asking, items, isBatch }) => {
      const [item] = items
      if (isBatch || item === undefined) return await inBatches(asking, items)
      return [readSingle(item, answered(await ask('/access/v1/evaluation', asking, singleRequest(asking, item))))]
    },
    together: async (asking, items) => {
      const answer = await batch(asking, items)
      if (NO_BATCHES.has(answer.status)) hasBatches = false
      return BATCH_REFUSALS.has(answer.status) ? 'refused' : readBatch(items, answered(answer))
    },
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
  const { retryAfter } = answer
  throw undecided(
    describeRefusal(answer),
    retryAfter === undefined ? undefined : String(spreadSeconds(Number(retryAfter))),
  )
}

function readSingle({ resource }: Item, { body }: JsonAnswer): Outcome {
  const outcome = readOutcome(resource, body)
  if (!outcome) throw undecided('the PDP answered something that is no AuthZEN decision')
  return outcome
}

/** One outcome or fault an item. @throws Fault when the answer is none of this batch. */
function readBatch(items: readonly Item[], { body }: JsonAnswer): readonly (Outcome | Fault)[] {
  const parsed = evaluationsAnswerSchema.safeParse(body)
  if (!parsed.success || parsed.data.evaluations.length !== items.length) {
    throw undecided('the PDP answered a batch with something else')
  }
  return items.map(
    ({ resource }, index) =>
      readOutcome(resource, parsed.data.evaluations[index]) ?? undecided('an item of the batch is no AuthZEN decision'),
  )
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

function singleRequest({ authz }: Asking, { action, resource }: Item): EvaluationRequest {
  return { subject: subjectOf(authz), action: { name: action }, resource: resourceOf(resource) }
}

/** The action stands once when all items have the same. */
function batchRequest({ authz }: Asking, items: readonly Item[]): EvaluationsRequest {
  const [first] = items
  const isCommon = first !== undefined && items.every(({ action }) => action === first.action)
  return {
    subject: subjectOf(authz),
    ...(isCommon ? { action: { name: first.action } } : {}),
    evaluations: items.map(({ action, resource }) => ({
      ...(isCommon ? {} : { action: { name: action } }),
      resource: resourceOf(resource),
    })),
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

function resourceOf({ type, id, properties }: Item['resource']): EvaluationRequest['resource'] {
  return { type, id, ...(properties === undefined ? {} : { properties: { ...properties } }) }
}
