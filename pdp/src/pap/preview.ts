/**
 * Previews a grant: the actions it would allow, or the refusal. Same checks as issuing; only the preview itself is recorded.
 *
 * @module
 */
import { Fault, type GrantRequest, PROBLEMS } from '@mandate/protocol'
import type { GrantBody } from '../ports/grants.ts'
import { planIssue } from './grants.ts'
import { changeBy, type PapDeps, type Principal, personOrAgent } from './pap.ts'
import { packOfScope } from './plan.ts'

/** One action that the grant would allow, with the conditions that apply at each use. */
export interface Allowed {
  readonly action: string
  readonly scope: string
  /** Whether limits of the grant and of those above it apply. */
  readonly limited: boolean
  /** Names of the owner's gates that apply: for agents only. */
  readonly gates: readonly string[]
}

export type Preview =
  | { readonly allowed: true; readonly grant: GrantBody; readonly wouldAllow: readonly Allowed[] }
  | { readonly allowed: false; readonly refusal: Fault }

/**
 * @param request - Translates the request's parties. A fault below 500 that it throws becomes the refusal.
 * @throws Fault when the caller may issue no grants, or for a fault from 500 on.
 */
export async function previewGrant(
  deps: PapDeps,
  request: () => Promise<GrantRequest>,
  by: Principal,
): Promise<Preview> {
  const delegator = personOrAgent(by)
  const preview = await planned(deps, request, delegator)
  const code = preview.allowed ? {} : { code: preview.refusal.code, status: PROBLEMS[preview.refusal.code].status }
  await deps.record([
    { kind: 'grant_previewed', ...changeBy(by), subject: delegator, decision: preview.allowed, ...code },
  ])
  return preview
}

async function planned(
  deps: PapDeps,
  request: () => Promise<GrantRequest>,
  delegator: ReturnType<typeof personOrAgent>,
): Promise<Preview> {
  try {
    const { grant } = await planIssue(deps, await request(), delegator)
    return { allowed: true, grant, wouldAllow: allowedBy(deps, grant) }
  } catch (error) {
    if (error instanceof Fault && PROBLEMS[error.code].status < 500) return { allowed: false, refusal: error }
    throw error
  }
}

function allowedBy(deps: PapDeps, grant: GrantBody): readonly Allowed[] {
  const { manifest } = packOfScope(deps, grant.covers)
  const byAgent = grant.delegate.startsWith('agent:')
  return grant.actions.map((action) => ({
    action,
    scope: grant.covers,
    limited: manifest.actions[action]?.limited === true,
    gates: byAgent ? manifest.gates.filter(({ actions }) => actions.includes(action)).map(({ name }) => name) : [],
  }))
}
