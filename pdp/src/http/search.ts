/**
 * `POST /access/v1/search/{subject,resource,action}` (AuthZEN 1.0, section 8). Results are complete or come with a token for the next page; each
 * page is one log entry.
 *
 * @module
 */
import {
  actionSearchSchema,
  type EvaluationRequest,
  Fault,
  type PartyRef,
  type ResourceRef,
  refuse,
  resourceSearchSchema,
  type SearchPage,
  splitRef,
  subjectSearchSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import type { Evaluation } from '../decide/evaluation.ts'
import {
  actionCandidates,
  decideForAnyPersona,
  forOneSearch,
  resourceCandidates,
  type SearchDeps,
  subjectCandidates,
} from '../decide/search.ts'
import type { Principal } from '../pap/pap.ts'
import type { Policies } from '../policy/pack.ts'
import type { Recorder } from '../ports/recorder.ts'
import type { AskingOperation } from './asking.ts'
import { accountOf } from './exchange.ts'
import type { PageTokens } from './page-tokens.ts'
import { sliceOf } from './paging.ts'
import { parse } from './parse.ts'
import type { Pseudonymizer } from './pseudonymizer.ts'
import type { Redactor } from './redact.ts'
import type { Turns } from './turn.ts'

export interface SearchRouteDeps {
  readonly search: SearchDeps
  readonly pseudonymizer: Pseudonymizer
  readonly record: Recorder
  readonly redact: Redactor
  readonly tokens: PageTokens
  /** Charges the caller for decisions after the first. */
  readonly spend: (by: Principal, decisions: number) => Promise<void>
  readonly turns: Turns
  /** Checks that the caller may make this request. */
  readonly requireEntitled: (policies: Policies, by: Principal, evaluation: Evaluation) => void
}

/** Default page limit. */
const PAGE_SIZE = 1_000

export const searchHandlers = (deps: SearchRouteDeps) => ({
  searchResources: searchRoute(deps, planResourceSearch(deps)),
  searchSubjects: searchRoute(deps, planSubjectSearch(deps)),
  searchActions: searchRoute(deps, planActionSearch(deps)),
})

/** Parameters of one kind of search. */
interface SearchPlan<C extends string> {
  readonly searched: 'subject' | 'resource' | 'action'
  readonly request: Readonly<Record<string, unknown>> & { readonly page?: SearchPage }
  /** The request, with a placeholder for the searched entity. */
  readonly question: Evaluation
  readonly candidates: (question: Evaluation) => readonly C[] | Promise<readonly C[]>
  /** Builds the evaluation of one candidate. */
  readonly about: (question: Evaluation, candidate: C) => Evaluation
  readonly shown: (candidate: C) => unknown
}

/** Finds candidates, decides each, records the page, responds. */
function searchRoute<C extends string>(
  deps: SearchRouteDeps,
  planOf: (body: unknown, by: Principal) => Promise<SearchPlan<C>>,
): AskingOperation['answer'] {
  return async ({ body, by, isGone }) => {
    const { searched, request, question, candidates, about, shown } = await planOf(body, by)
    const among = question.isSubjectUnknown ? [] : await candidates(question)
    const search = forOneSearch(deps.search)
    // Stops deciding when the caller has disconnected.
    const spend: SearchRouteDeps['spend'] = (who, decisions) =>
      isGone()
        ? Promise.reject(new Fault('too_many_requests', 'the caller has disconnected'))
        : deps.spend(who, decisions)
    const found = await pageOf({ ...deps, spend }, searched, by, request, among, async (candidate) => {
      const verdict = await decideForAnyPersona(search, about(question, candidate))
      return verdict ? shown(candidate) : undefined
    })
    const id = await record(deps, by, searched, question, found.results.length)
    return { id, body: found }
  }
}

/** Placeholder for the searched entity during translation. It is no person: translating one named by a service would register them. */
const NOBODY = { type: 'agent', id: 'nobody' } as const
const NOTHING = { name: 'nothing' } as const

function planResourceSearch(deps: SearchRouteDeps) {
  return async (body: unknown, by: Principal): Promise<SearchPlan<ResourceRef>> => {
    const request = parse(resourceSearchSchema, body)
    const { type } = request.resource
    return {
      searched: 'resource',
      request,
      question: await translated(
        deps,
        by,
        { ...request, resource: { ...request.resource, id: 'any' } },
        'any resource',
      ),
      candidates: (question) => resourceCandidates(deps.search, question, type),
      about: (question, resource) => ({ ...question, resource }),
      shown: (resource) => deps.pseudonymizer.toExternalResource(resource),
    }
  }
}

function planSubjectSearch(deps: SearchRouteDeps) {
  return async (body: unknown, by: Principal): Promise<SearchPlan<PartyRef>> => {
    const request = parse(subjectSearchSchema, body)
    const { type } = request.subject
    return {
      searched: 'subject',
      request,
      question: await translated(deps, by, { ...request, subject: { ...request.subject, ...NOBODY } }, 'any subject'),
      candidates: (question) => subjectCandidates(deps.search, question, type),
      // Actor, persona and session belong to one subject, so they cannot apply to the candidates.
      about: (question, subject) => ({
        ...question,
        subject,
        actor: undefined,
        persona: undefined,
        session: undefined,
      }),
      shown: async (subject) => ({ type, id: splitRef((await deps.pseudonymizer.toExternal(subject)) as PartyRef).id }),
    }
  }
}

function planActionSearch(deps: SearchRouteDeps) {
  return async (body: unknown, by: Principal): Promise<SearchPlan<string>> => {
    const request = parse(actionSearchSchema, body)
    return {
      searched: 'action',
      request,
      question: await translated(deps, by, { ...request, action: NOTHING }),
      candidates: (question) => actionCandidates(deps.search, question.resource),
      about: (question, action) => ({ ...question, action }),
      shown: (name) => ({ name }),
    }
  }
}

/** Translates the request to internal references, and checks that the caller may make it. */
async function translated(
  deps: SearchRouteDeps,
  by: Principal,
  request: EvaluationRequest,
  searched?: 'any subject' | 'any resource',
): Promise<Evaluation> {
  const evaluation = await deps.pseudonymizer.evaluation(
    request,
    by,
    searched === 'any resource' ? searched : undefined,
  )
  if (searched === 'any subject' && !by.types && !by.roles.includes('auditor'))
    throw refuse('forbidden', 'Only the service of the resource type and auditors may search subjects.')
  deps.requireEntitled(deps.search.policies(), by, evaluation)
  return evaluation
}

interface Found<R> {
  readonly page?: { readonly next_token: string; readonly count: number }
  readonly results: readonly R[]
}

/** Decides one page. @throws Fault `invalid_request` for a token of another request. */
async function pageOf<C extends string, R>(
  { tokens, spend, turns }: SearchRouteDeps,
  searched: SearchPlan<C>['searched'],
  by: Principal,
  request: Readonly<Record<string, unknown>> & { readonly page?: SearchPage },
  candidates: readonly C[],
  decide: (candidate: C) => Promise<R | undefined>,
): Promise<Found<R>> {
  const { page, ...question } = request
  const of = { list: `POST /access/v1/search/${searched}`, by, question }
  const token = page?.token ? tokens.decrypt(page.token, 'page.token', positionSchema, of) : undefined
  if (token && page?.limit && page.limit !== token.limit)
    throw refuse('invalid_request', 'page.limit: must equal that of the first page.')
  const limit = token?.limit ?? (page?.limit || PAGE_SIZE)
  const isAllowed = (decisions: number, done: number) => hasAllowance(spend, by, decisions, done)
  const turn = await turns.begin(accountOf(by))
  const { results, last } = await sliceOf(candidates, { after: token?.after, limit, isAllowed, turn }, decide)
  const next = last === undefined ? '' : tokens.encrypt({ after: last, limit }, of)
  return next || page ? { page: { next_token: next, count: results.length }, results } : { results }
}

/** Ends a page when the caller's rate limit is used up; rejects the request when the page would be empty. */
async function hasAllowance(
  spend: SearchRouteDeps['spend'],
  by: Principal,
  decisions: number,
  done: number,
): Promise<boolean> {
  try {
    await spend(by, done === 0 ? decisions - 1 : decisions)
    return true
  } catch (error) {
    if (done === 0 || !(error instanceof Fault)) throw error
    return false
  }
}

const positionSchema = z.object({ after: z.string(), limit: z.int().min(1) })

/** Builds the log entry of a page: the request without the searched entity, except the type of searched resources. */
async function record(
  { record: write, redact }: SearchRouteDeps,
  by: Principal,
  searched: SearchPlan<string>['searched'],
  question: Evaluation,
  found: number,
): Promise<string> {
  const resource = await redact.resource(question.resource, false)
  const type = searched === 'resource' ? { type: splitRef(resource).type } : {}
  const asked = {
    ...(searched === 'subject' || question.isSubjectUnknown ? {} : { subject: await redact.party(question.subject) }),
    ...(searched === 'action' ? {} : { action: redact.action(question) }),
    ...(searched === 'resource' ? {} : { resource }),
  }
  const change = { searched, ...type, found }
  const [id = ''] = await write([{ kind: 'search', caller: by.name, ...asked, ...by.origin, change }])
  return id
}
