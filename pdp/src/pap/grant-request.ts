/**
 * Validates a grant request against the manifest, without stored data (422 `grant_invalid`). Pure.
 *
 * @module
 */
import {
  type EpochMillis,
  GRANT_LIFETIME,
  type GrantRequest,
  MAX_ACTIONS,
  MAX_LIMITS,
  type PartyRef,
  splitRef,
} from '@mandate/protocol'
import { impliedActions, type Manifest } from '../policy/manifest.ts'
import type { Pack } from '../policy/pack.ts'
import { boundObjection } from './bounds.ts'

export interface Objection {
  readonly field: string
  readonly detail: string
}

export function requestObjection(
  request: GrantRequest,
  delegator: PartyRef,
  { manifest }: Pack,
  now: EpochMillis,
): Objection | undefined {
  return (
    partiesObjection(request, delegator) ??
    actionsObjection(request, manifest) ??
    lifetimeObjection(request, now) ??
    limitsObjection(request, manifest) ??
    delegatePersonaObjection(request, manifest)
  )
}

function partiesObjection(request: GrantRequest, delegator: PartyRef): Objection | undefined {
  if (request.delegate === delegator) return { field: 'delegate', detail: 'delegate: nobody grants to themself.' }
  const toAgent = splitRef(request.delegate).type === 'agent'
  const byAgent = splitRef(delegator).type === 'agent'
  if (byAgent && !toAgent)
    return { field: 'delegate', detail: 'delegate: an agent passes authority on to agents only.' }
  if (byAgent && request.parent === undefined)
    return { field: 'parent', detail: 'parent: an agent owns nothing, so name the grant it passes on.' }
  if (byAgent && !request.unattended)
    return { field: 'unattended', detail: 'unattended: a sub-agent works unattended only, so this must be true.' }
  if (!toAgent && request.unattended)
    return { field: 'unattended', detail: 'unattended: only an agent works unattended.' }
  if (toAgent && request.delegate_persona !== undefined)
    return { field: 'delegate_persona', detail: 'delegate_persona: an agent has no persona.' }
  return undefined
}

function actionsObjection(request: GrantRequest, manifest: Manifest): Objection | undefined {
  const field = 'actions'
  if (request.actions.length === 0) return { field, detail: 'actions: name at least one.' }
  const unknown = request.actions.find((name) => !Object.hasOwn(manifest.actions, name))
  if (unknown !== undefined) {
    const known = Object.keys(manifest.actions).join(', ')
    return { field, detail: `actions: ${manifest.domain} knows ${known}.` }
  }
  if (impliedActions(manifest, request.actions).length > MAX_ACTIONS)
    return { field, detail: `actions: at most ${MAX_ACTIONS}, implied ones included.` }
  return undefined
}

function lifetimeObjection(request: GrantRequest, now: EpochMillis): Objection | undefined {
  if (request.expires_at === undefined) return undefined
  const seconds = (Date.parse(request.expires_at) - now) / 1000
  if (seconds >= GRANT_LIFETIME.min && seconds <= GRANT_LIFETIME.max) return undefined
  return { field: 'expires_at', detail: 'expires_at: a grant lives at least 60 seconds and at most 365 days.' }
}

function limitsObjection(request: GrantRequest, manifest: Manifest): Objection | undefined {
  const limits = request.limits ?? []
  const field = 'limits'
  if (limits.length > MAX_LIMITS) return { field, detail: `limits: at most ${MAX_LIMITS}.` }
  if (new Set(limits.map(({ attribute }) => attribute)).size < limits.length)
    return { field, detail: 'limits: name an attribute once.' }
  for (const [index, limit] of limits.entries()) {
    const rule = Object.hasOwn(manifest.attributes, limit.attribute) ? manifest.attributes[limit.attribute] : undefined
    const detail = boundObjection(limit, rule)
    if (detail) return { field, detail: `limits[${index}]: ${detail}` }
  }
  return undefined
}

/** The title of a required persona must be allowed the actions by grant, else the grant could never be used (rule F2). */
function delegatePersonaObjection(request: GrantRequest, manifest: Manifest): Objection | undefined {
  const asked = request.delegate_persona
  if (asked === undefined) return undefined
  const field = 'delegate_persona'
  const name = asked.split('/')[0] ?? ''
  const title = Object.hasOwn(manifest.titles, name) ? manifest.titles[name] : undefined
  if (!title) return { field, detail: `delegate_persona: ${manifest.domain} has no such title.` }
  const refused = impliedActions(manifest, request.actions).find((name) => !title.by_grant.includes(name))
  return refused === undefined
    ? undefined
    : { field, detail: `delegate_persona: that title may not ${refused} by grant.` }
}
