/**
 * Questions to the PDP about whoever was identified. What comes back is a permit, a denial, or a fault; nothing is remembered.
 *
 * @module
 */
import { Fault, refuse, resourceSchema } from '@mandate/protocol'
import type { Authz, Found } from './authz.ts'
import type { Decider, Page, SearchAnswer } from './decider.ts'
import { meetObligations, type ObligationHandlers } from './obligations.ts'
import type { Outcome, Resource } from './outcome.ts'

export interface AskDeps {
  readonly decider: Decider
  readonly obligations: ObligationHandlers
}

/** Resources that one search collects when the route does not page. */
const MAX_FOUND = 1_000

/**
 * One question.
 *
 * @throws Fault `unauthenticated` for an actor that the PDP does not know (rule A7), `invalid_request` for a resource that cannot exist,
 * `decision_unavailable` when nothing was decided.
 */
export async function askOne(deps: AskDeps, authz: Authz, action: string, resource: Resource): Promise<Outcome> {
  const outcome = await deps.decider.decide({ authz, action, resource: checked(resource) })
  refuseUnknownActor(authz, outcome)
  if (outcome.undecided)
    throw new Fault('decision_unavailable', 'the PDP could not decide', { members: { retry_after: 1 } })
  return await meetObligations(outcome, authz, deps.obligations)
}

/** One question a resource, in one batch. With `dry`, obligations are not met: one that could not be is a denial all the same. @throws Fault as {@link askOne}. */
export async function askEach(
  deps: AskDeps,
  authz: Authz,
  {
    action,
    resources,
    dry,
  }: { readonly action: string; readonly resources: readonly Resource[]; readonly dry: boolean },
): Promise<readonly Outcome[]> {
  const outcomes = await deps.decider.decideEach({ authz, action, resources: resources.map(checked) })
  for (const outcome of outcomes) refuseUnknownActor(authz, outcome)
  const handlers = dry ? onlyKnown(deps.obligations) : deps.obligations
  return await Promise.all(outcomes.map((outcome) => meetObligations(outcome, authz, handlers)))
}

function onlyKnown(handlers: ObligationHandlers): ObligationHandlers {
  return Object.fromEntries(Object.keys(handlers).map((id) => [id, () => true]))
}

/** What the subject may see: one page where one is named, else all of it up to {@link MAX_FOUND}. @throws Fault as {@link askOne}. */
export async function askFound(
  { decider }: AskDeps,
  authz: Authz,
  { action, type, page }: { readonly action: string; readonly type: string; readonly page?: Page },
): Promise<SearchAnswer> {
  const search = decider.search ?? cannotSearch
  if (page !== undefined)
    return await knownActors(decider, authz, { action, type }, await search({ authz, action, type, page }))
  const ids: string[] = []
  let found: SearchAnswer = await search({ authz, action, type })
  ids.push(...found.ids)
  while (found.next !== undefined && ids.length < MAX_FOUND) {
    found = await search({ authz, action, type, page: { token: found.next } })
    ids.push(...found.ids)
  }
  return await knownActors(decider, authz, { action, type }, { ...found, ids })
}

/** Rule A7 where a search finds nothing: its answer names no agent, so one question about nothing in particular tells whether there is such a one. */
async function knownActors(
  { decide }: Decider,
  authz: Authz,
  { action, type }: { readonly action: string; readonly type: string },
  found: SearchAnswer,
): Promise<SearchAnswer> {
  if (authz.actor === undefined || found.ids.length > 0) return found
  refuseUnknownActor(authz, await decide({ authz, action, resource: { type, id: 'none' } }))
  return found
}

function cannotSearch(): Promise<Found> {
  throw new Fault('decision_unavailable', 'the decider has no search')
}

/** An id that the wire cannot carry (rule A5) came from outside: the request is malformed, and nobody is asked. */
function checked(resource: Resource): Resource {
  const parsed = resourceSchema.safeParse(resource)
  if (parsed.success) return resource
  throw refuse('invalid_request', 'The resource has an id or a type that cannot exist.')
}

/** Rule A7: a person's token through a client that is no agent is a token that was not meant for us. */
function refuseUnknownActor({ actor }: Authz, { decision, reasons, reason }: Outcome): void {
  if (decision || actor === undefined) return
  const unknown = reason === 'agent_unknown' || reasons.some(({ code }) => code === 'agent_unknown')
  if (unknown) throw new Fault('unauthenticated', 'the token was issued to a client that is no registered agent')
}
