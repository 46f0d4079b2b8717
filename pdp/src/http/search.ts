/**
 * `POST /access/v1/search/{subject,resource,action}` (AuthZEN 1.0, section 8). Complete, or marked with a token for the rest; one entry a page.
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
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { Evaluation } from '../decide/evaluation.ts'
import {
  actionCandidates,
  decideForAnyPersona,
  resourceCandidates,
  type SearchDeps,
  subjectCandidates,
} from '../decide/search.ts'
import type { Principal } from '../pap/pap.ts'
import type { Policies } from '../policy/pack.ts'
import type { Recorder } from '../ports/recorder.ts'
import { principalOf } from './exchange.ts'
import type { PageTokens } from './page-tokens.ts'
import { sliceOf } from './paging.ts'
import { parse } from './parse.ts'
import type { Pseudonymizer } from './pseudonymizer.ts'
import type { Redactor } from './redact.ts'

export interface SearchRouteDeps {
  readonly search: SearchDeps
  readonly pseudonymizer: Pseudonymizer
  readonly record: Recorder
  readonly redact: Redactor
  readonly tokens: PageTokens
  /** Counts decisions after the first. */
  readonly spend: (by: Principal, decisions: number) => Promise<void>
  /** Whether the caller may put this question at all. */
  readonly requireEntitled: (policies: Policies, by: Principal, evaluation: Evaluation) => void
}

/** Results of a page that names no limit. */
const PAGE_SIZE = 1_000

export const searchHandlers = (deps: SearchRouteDeps) => ({
  searchResources: searchRoute(deps, planResourceSearch(deps)),
  searchSubjects: searchRoute(deps, planSubjectSearch(deps)),
  searchActions: searchRoute(deps, planActionSearch(deps)),
})

/** One kind of search, as a request makes it. */
interface SearchPlan<C extends string> {
  readonly searched: 'subject' | 'resource' | 'action'
  readonly request: Readonly<Record<string, unknown>> & { readonly page?: SearchPage }
  /** With something in the place of what is searched. */
  readonly question: Evaluation
  readonly candidates: (question: Evaluation) => readonly C[] | Promise<readonly C[]>
  /** The question about one candidate. */
  readonly about: (question: Evaluation, candidate: C) => Evaluation
  readonly shown: (candidate: C) => unknown
}

/** Finds candidates, decides each, records the page, answers. */
function searchRoute<C extends string>(
  deps: SearchRouteDeps,
  planOf: (body: unknown, by: Principal) => Promise<SearchPlan<C>>,
): RequestHandler {
  return async (req, res) => {
    const by = principalOf(res)
    const { searched, request, question, candidates, about, shown } = await planOf(req.body, by)
    const among = question.isSubjectUnknown ? [] : await candidates(question)
    // Nothing further is decided for a caller that is gone.
    const spend: SearchRouteDeps['spend'] = (who, decisions) =>
      res.closed ? Promise.reject(new Fault('too_many_requests', 'the caller is gone')) : deps.spend(who, decisions)
    const found = await pageOf({ ...deps, spend }, req.path, by, request, among, async (candidate) => {
      const verdict = await decideForAnyPersona(deps.search, about(question, candidate))
      return verdict ? shown(candidate) : undefined
    })
    const id = await record(deps, by, searched, question, found.results.length)
    res.set('x-evaluation-id', id).json(found)
  }
}

/** Stands for the searched entity while the question is translated. No person: a service that asks about one makes them known. */
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
      // Who acts, in which persona and session, says one subject of itself: it is nothing to search others by.
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

/** The question behind the pseudonymizer, once the caller may put it. */
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
    throw refuse('forbidden', 'Who else may do something is for the service of the type and for auditors to ask.')
  deps.requireEntitled(deps.search.policies(), by, evaluation)
  return evaluation
}

interface Found<R> {
  readonly page?: { readonly next_token: string; readonly count: number }
  readonly results: readonly R[]
}

/** One page. @throws Fault `invalid_request` for a token that is not of this question. */
async function pageOf<C extends string, R>(
  { tokens, spend }: SearchRouteDeps,
  path: string,
  by: Principal,
  request: Readonly<Record<string, unknown>> & { readonly page?: SearchPage },
  candidates: readonly C[],
  decide: (candidate: C) => Promise<R | undefined>,
): Promise<Found<R>> {
  const { page, ...question } = request
  const of = { list: `POST /access/v1/search${path}`, by, question }
  const token = page?.token ? tokens.open(page.token, 'page.token', positionSchema, of) : undefined
  if (token && page?.limit && page.limit !== token.limit)
    throw refuse('invalid_request', 'page.limit: must stay what it was on the first page.')
  const limit = token?.limit ?? (page?.limit || PAGE_SIZE)
  const isAllowed = (decisions: number, done: number) => hasAllowance(spend, by, decisions, done)
  const { results, last } = await sliceOf(candidates, { after: token?.after, limit, isAllowed }, decide)
  const next = last === undefined ? '' : tokens.seal({ after: last, limit }, of)
  return next || page ? { page: { next_token: next, count: results.length }, results } : { results }
}

/** A page ends where its caller's allowance does; one that would be empty is refused. */
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

/** The entry says what was asked; in the place of what was searched it has nothing, but of resources the type. */
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
