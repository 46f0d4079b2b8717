/**
 * Validates a grant request and builds the grant's body; writes nothing. Order of the checks: the request, the delegate, then (rule C5) parent live,
 * redelegable, persona, depth, cycle, widening.
 *
 * @module
 */
import { GRANT_LIFETIME, type GrantRequest, type PartyRef, refuse, splitRef } from '@mandate/protocol'
import { personaFits, widening } from '../decide/chain.ts'
import { scopesCovering } from '../decide/locate.ts'
import { impliedActions } from '../policy/manifest.ts'
import type { Pack } from '../policy/pack.ts'
import type { Giver, GrantBody, GrantRecord, PersonaId, Scope } from '../ports/grants.ts'
import { personaParts } from '../ports/persona-id.ts'
import { circumstances, type Question } from '../ports/question.ts'
import { grantsOnPath } from '../ports/register.ts'
import { RequestStatistics } from '../ports/request-statistics.ts'
import { includesScope } from '../ports/scopes.ts'
import { boundsOf } from './bounds.ts'
import { requestObjection } from './grant-request.ts'
import type { PapDeps } from './pap.ts'
import { heldPersona } from './personas.ts'

/** Placeholder for the delegate of an invitation, who is not known yet. No pseudonym looks like it. */
export const SOMEBODY: PartyRef = 'user:somebody'

/** @throws Fault for the first rule that the request breaks. */
export async function planGrant(deps: PapDeps, request: GrantRequest, delegator: PartyRef): Promise<GrantBody> {
  const now = deps.clock()
  const pack = packOfScope(deps, request.scope)
  const objection = requestObjection(request, delegator, pack, now)
  if (objection) throw refuse('grant_invalid', objection.detail, { field: objection.field })
  if (request.delegate !== SOMEBODY) await requireDelegate(deps, request.delegate)
  const parent = request.parent === undefined ? undefined : await requireParent(deps, request.parent, delegator, now)
  const persona = await requirePersona(deps, request, delegator, parent)
  if (parent) await requireChain(deps, request.delegate, parent)
  const covered = await resolveScope(deps, request.scope, pack, delegator, persona, parent)
  const giver: Giver = persona ? `persona:${persona}` : (delegator as Giver)
  const id = deps.newId()
  const body: GrantBody = {
    id,
    delegator,
    delegatorPersona: persona,
    delegate: request.delegate,
    asks: request.delegate_persona ?? '',
    owner: covered.owner,
    actions: impliedActions(pack.manifest, request.actions),
    scope: covered.scope,
    covers: request.scope,
    ...boundsOf(request.limits ?? [], pack.manifest.attributes),
    expiresAt: expiryOf(request, now, parent),
    redelegations: request.redelegations,
    unattended: request.unattended,
    parent: parent?.id,
    path: [...(parent?.path ?? []), id],
    givers: [...new Set([...(parent?.givers ?? []), giver])],
    createdAt: now,
  }
  const field = parent && widening(body, parent)
  if (field) throw widened(field)
  return body
}

const widened = (field: string) =>
  refuse('grant_widened', `grant_widened: ${field}: a grant may not give more than its parent.`, { field })

/** The pack of a scope's domain. @throws Fault `grant_invalid` for an unknown one. */
export function packOfScope(deps: PapDeps, scope: string): Pack {
  const { type, id } = splitRef(scope)
  const policies = deps.policies()
  const pack = type === 'all' ? policies.byDomain.get(id) : policies.byType.get(type)
  if (pack && type !== pack.manifest.account) return pack
  throw refuse('grant_invalid', 'scope: no domain knows that type, or no domain has that name.', { field: 'scope' })
}

/** The delegate must hold a persona or be a registered agent (rule C6). */
async function requireDelegate(deps: PapDeps, delegate: PartyRef): Promise<void> {
  const { type, id } = splitRef(delegate)
  const { register } = deps
  const known = type === 'agent' ? await register.agent(id) : (await register.personas(delegate)).length > 0
  if (!known)
    throw refuse(
      'delegate_unknown',
      'Nobody is known by that id: a delegate holds a persona, or is a registered agent.',
    )
}

/** The delegator must hold the parent; the parent and all grants above it must be live; it must be redelegable. */
async function requireParent(deps: PapDeps, id: string, delegator: PartyRef, now: number): Promise<GrantRecord> {
  const parent = await deps.register.byId(id)
  if (!parent || parent.delegate !== delegator)
    throw refuse('grant_unknown', 'parent: there is no such grant among those you were given.')
  const chain = await grantsOnPath(deps.register, parent.path)
  const isLive = chain.every(({ revokedAt, expiresAt }) => revokedAt === undefined && expiresAt > now)
  const live = isLive && chain.length === parent.path.length
  if (!live) throw refuse('grant_not_redelegable', 'parent: it has ended, or a grant above it has.')
  if (parent.redelegations < 1) throw refuse('grant_not_redelegable', 'parent: it may not be passed on.')
  return parent
}

/** The delegator's persona must be held, usable, and the one that the parent requires. An agent has none and must be active. @returns empty for an agent */
async function requirePersona(
  deps: PapDeps,
  request: GrantRequest,
  delegator: PartyRef,
  parent: GrantRecord | undefined,
): Promise<PersonaId> {
  if (splitRef(delegator).type === 'agent') {
    if (request.delegator_persona !== undefined)
      throw refuse('grant_invalid', 'delegator_persona: an agent has no persona.', { field: 'delegator_persona' })
    if (!(await deps.register.agent(splitRef(delegator).id))?.active)
      throw refuse('forbidden', 'An agent that is suspended passes nothing on.')
    return ''
  }
  const persona = await heldPersona(deps, delegator, request.delegator_persona)
  if (!persona) throw refuse('grant_persona', 'delegator_persona: name one of your personas, as title/circle.')
  const statistics = new RequestStatistics()
  const shared = circumstances({ model: deps.policies().modelId, now: deps.clock() })
  const usable: Question = { kind: 'persona', persona: persona.id }
  const answers = await deps.relations.ask([usable], shared, statistics)
  if (!answers.affirms(usable)) throw refuse('grant_persona', 'delegator_persona: that persona is not usable now.')
  if (parent && !personaFits(persona.id, parent.asks))
    throw refuse('grant_persona', `parent: it must be used as ${parent.asks}.`)
  return persona.id
}

async function requireChain(deps: PapDeps, delegate: PartyRef, parent: GrantRecord): Promise<void> {
  if (parent.path.length + 1 > deps.maxDepth) throw refuse('chain_depth', `A chain has at most ${deps.maxDepth} links.`)
  const links = await grantsOnPath(deps.register, parent.path)
  const inChain =
    delegate === parent.owner || links.some((link) => link.delegator === delegate || link.delegate === delegate)
  if (inChain) throw refuse('chain_cycle', 'delegate: is already in this chain.')
}

interface Covered {
  readonly scope: Scope
  readonly owner: PartyRef
}

/** Resolves a scope such as `workflow:1` and its owner. A first grant needs ownership; a child's scope must lie within its parent's. */
async function resolveScope(
  deps: PapDeps,
  covers: string,
  pack: Pack,
  delegator: PartyRef,
  persona: PersonaId,
  parent: GrantRecord | undefined,
): Promise<Covered> {
  const { type, id } = splitRef(covers)
  const { domain, titles } = pack.manifest
  if (type === 'all') {
    // For another domain than the parent's: a scope without a persona is within no parent, so widening is reported.
    if (parent) return { scope: parent.covers === covers ? parent.scope : { domain, persona: '' }, owner: parent.owner }
    if (persona && !titles[personaParts(persona).title])
      throw refuse('not_owner', `scope: that persona is not of ${domain}.`)
    return { scope: { domain, persona }, owner: delegator }
  }
  const statistics = new RequestStatistics()
  statistics.fresh = true
  const located = await deps.relations.locate(`${type}:${id}`, statistics)
  if (parent) {
    if (!located || located.owner !== parent.owner || !includesScope(scopesCovering(located, domain), parent.scope))
      throw widened('scope')
  } else if (!located || located.owner !== delegator || located.persona !== persona) {
    throw refuse('not_owner', 'scope: only its owner gives a first grant, in the persona it was created under.')
  }
  const part = located.resource === located.root ? undefined : located.resource
  return { scope: { deed: located.deed, part }, owner: located.owner }
}

function expiryOf(request: GrantRequest, now: number, parent: GrantRecord | undefined): number {
  if (request.expires_at !== undefined) return Date.parse(request.expires_at)
  // Whole seconds (rule C5).
  const week = Math.floor(now / 1000) * 1000 + GRANT_LIFETIME.default * 1000
  return Math.min(week, parent?.expiresAt ?? Number.POSITIVE_INFINITY)
}
