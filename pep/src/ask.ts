/**
 * Asks the PDP about the identified caller. The result is a permit, a denial or a fault; nothing is cached.
 *
 * @module
 */
import { Fault, hasCode, refuse, resourceSchema } from '@mandate/protocol'
import { leftMs, sooner } from '@mandate/service'
import type { Authz, Found } from './authz.ts'
import type { Decider, Page, SearchAnswer, SearchQuestion } from './decider.ts'
import { type DecisionHook, reporting } from './decision-hook.ts'
import { meetObligations, type ObligationHandlers } from './obligations.ts'
import type { Outcome, Resource } from './outcome.ts'

export interface AskDeps {
  readonly decider: Decider
  readonly obligations: ObligationHandlers
  /** Time allowed for one guard's questions, in milliseconds. */
  readonly timeoutMs: number
  readonly onDecision?: DecisionHook | undefined
}

/** One question of one request. */
export interface Asked {
  readonly action: string
  readonly resource: Resource
  /** Stands for the request that asks. */
  readonly request: object
}

/** Resources that one search collects when the route does not page, and pages that it reads for them: an empty page may have a next one. */
const MAX_FOUND = 1_000
const MAX_PAGES = 100

/**
 * One question.
 *
 * @throws Fault `unauthenticated` for an actor that the PDP does not know (rule A7), `invalid_request` for a resource that cannot exist,
 * `decision_unavailable` when nothing was decided.
 */
export async function askOne(deps: AskDeps, authz: Authz, asked: Asked): Promise<Outcome> {
  const measured = { action: asked.action, types: [asked.resource.type] }
  const ask = async (): Promise<Outcome> => {
    const outcome = await outcomeOf(deps, authz, asked)
    if (outcome.undecided)
      throw new Fault('decision_unavailable', 'the PDP could not decide', { members: { retry_after: 1 } })
    return await meetObligations(outcome, authz, deps.obligations)
  }
  return await reporting(deps.onDecision, measured, ask, (outcome) => [outcome])
}

/**
 * Several actions on one resource, in one request to the PDP. Obligations are only checked, not met: an action that has one without a function here is
 * denied.
 *
 * @returns one outcome an action, in their order. @throws Fault as {@link askOne}, but an undecided action is a denial with `undecided`.
 */
export async function askActions(
  deps: AskDeps,
  authz: Authz,
  { actions, resource, request }: Omit<Asked, 'action'> & { readonly actions: readonly string[] },
): Promise<readonly Outcome[]> {
  const handlers = onlyKnown(deps.obligations)
  const askAction = (action: string): Promise<Outcome> => {
    const ask = async (): Promise<Outcome> =>
      await meetObligations(await outcomeOf(deps, authz, { action, resource, request }), authz, handlers)
    return reporting(deps.onDecision, { action, types: [resource.type] }, ask, (outcome) => [outcome])
  }
  return await Promise.all(actions.map(askAction))
}

async function outcomeOf({ decider }: AskDeps, authz: Authz, { action, resource, request }: Asked): Promise<Outcome> {
  const outcome = await decider.decide({ authz, action, resource: checked(resource), request })
  refuseUnknownActor(authz, outcome)
  return outcome
}

/** One question a resource, in one batch. With `dry`, obligations are only checked, not met: one that could not be met is a denial. @throws Fault as {@link askOne}. */
export async function askEach(
  deps: AskDeps,
  authz: Authz,
  {
    action,
    resources,
    request,
    dry,
  }: {
    readonly action: string
    readonly resources: readonly Resource[]
    readonly request: object
    readonly dry: boolean
  },
): Promise<readonly Outcome[]> {
  const handlers = dry ? onlyKnown(deps.obligations) : deps.obligations
  const ask = async (): Promise<readonly Outcome[]> => {
    const outcomes = await deps.decider.decideEach({ authz, action, resources: resources.map(checked), request })
    for (const outcome of outcomes) refuseUnknownActor(authz, outcome)
    return await Promise.all(outcomes.map((outcome) => meetObligations(outcome, authz, handlers)))
  }
  const measured = { action, types: resources.map(({ type }) => type) }
  return await reporting(deps.onDecision, measured, ask, (outcomes) => outcomes)
}

function onlyKnown(handlers: ObligationHandlers): ObligationHandlers {
  return Object.fromEntries(Object.keys(handlers).map((id) => [id, () => true]))
}

/** A search and its time limits. */
interface FoundQuestion {
  readonly action: string
  readonly type: string
  readonly page?: Page
  /** Aborted when the caller has disconnected. */
  readonly signal: AbortSignal
}

/**
 * Searches what the subject may see: the named page, or else all results up to {@link MAX_FOUND}; with `next` when there may be more. All pages
 * share one deadline.
 *
 * @throws Fault as {@link askOne}.
 */
export async function askFound(deps: AskDeps, authz: Authz, question: FoundQuestion): Promise<SearchAnswer> {
  const { action, type, signal } = question
  const measured = { action, types: [type] }
  // A client that has disconnected is no failure.
  const hook: DecisionHook | undefined = deps.onDecision && ((event) => signal.aborted || deps.onDecision?.(event))
  return await reporting(
    hook,
    measured,
    () => search(deps, authz, question),
    () => 'found',
  )
}

async function search(
  { decider, timeoutMs }: AskDeps,
  authz: Authz,
  { action, type, page, signal }: FoundQuestion,
): Promise<SearchAnswer> {
  const searchPage = decider.search ?? cannotSearch
  const deadline = sooner(timeoutMs, authz.deadline)
  const asked = { authz, action, type, deadline, signal }
  if (page !== undefined) return await knownActors(decider, asked, await searchPage({ ...asked, page }))
  let found: SearchAnswer = await searchPage(asked)
  const ids = [...found.ids]
  for (let pages = 1; found.next !== undefined && ids.length < MAX_FOUND && pages < MAX_PAGES; pages += 1) {
    if (signal.aborted || leftMs(deadline) === 0)
      throw new Fault('decision_unavailable', 'the search has more pages than time', { members: { retry_after: 1 } })
    found = await searchPage({ ...asked, page: { token: found.next } })
    ids.push(...found.ids)
  }
  return await knownActors(decider, asked, { ...found, ids })
}

/** Applies rule A7 where a search finds nothing: its answer does not say whether the agent is registered, so one more question asks that. */
async function knownActors(
  { decide }: Decider,
  { type, ...asked }: SearchQuestion & { readonly authz: Authz },
  found: SearchAnswer,
): Promise<SearchAnswer> {
  if (asked.authz.actor === undefined || found.ids.length > 0) return found
  refuseUnknownActor(asked.authz, await decide({ ...asked, resource: { type, id: 'none' } }))
  return found
}

function cannotSearch(): Promise<Found> {
  throw new Fault('decision_unavailable', 'the decider has no search')
}

/** An id that is not valid on the wire (rule A5) makes the request malformed; the PDP is not asked. */
function checked(resource: Resource): Resource {
  const parsed = resourceSchema.safeParse(resource)
  if (parsed.success) return resource
  throw refuse('invalid_request', 'The resource has an id or a type that cannot exist.')
}

/** Rule A7: a person's token issued to a client that is not a registered agent is refused. */
function refuseUnknownActor({ actor }: Authz, { decision, reasons, reason }: Outcome): void {
  if (decision || actor === undefined) return
  const unknown = [{ code: reason }, ...reasons].some((one) => hasCode(one, 'agent_unknown'))
  if (unknown) throw new Fault('unauthenticated', 'the token was issued to a client that is no registered agent')
}
