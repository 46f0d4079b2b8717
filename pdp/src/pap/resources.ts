/**
 * Registration of resources by their domain's service, with owner and persona, or with a parent (rule B1).
 *
 * @module
 */
import { type PartyRef, type ResourceRef, refuse, splitRef } from '@mandate/protocol'
import type { Pack } from '../policy/pack.ts'
import type { Located } from '../ports/grants.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, type PapDeps, type Principal } from './pap.ts'
import { personaForOwner } from './personas.ts'
import { describedResource, locateFresh, requireType } from './registered-resource.ts'
import { finishTransferOf } from './transfer.ts'

export type ResourceRequest =
  | { readonly owner: PartyRef; readonly ownerPersona: string | undefined }
  | { readonly parent: ResourceRef }

/**
 * Registers a resource. Idempotent.
 *
 * @returns `created`: whether the resource is new.
 * @throws Fault `conflict` when it is registered with another owner, persona or parent.
 */
export async function putResource(
  deps: PapDeps,
  resource: ResourceRef,
  request: ResourceRequest,
  by: Principal,
): Promise<{ readonly located: Located; readonly created: boolean }> {
  const pack = requireType(deps, resource, by)
  return deps.locks.run(lockKey.resource(resource), async () => {
    await finishTransferOf(deps, resource, changeBy(by))
    const wanted = await wantedResource(deps, resource, request, pack)
    const present = await locateFresh(deps, resource)
    if (present) {
      const located = requireSame(present, wanted)
      // After a crash between OpenFGA and the register, the service's retry completes the register.
      await deps.register.putResource(located)
      return { located, created: false }
    }
    await deps.record([{ kind: 'resource_registered', ...changeBy(by), ...(await describedResource(deps, wanted)) }])
    if (!(await deps.authority.register(wanted))) {
      const raced = await locateFresh(deps, resource)
      if (raced) return { located: requireSame(raced, wanted), created: false }
      throw refuse('conflict', 'The resource is being changed at the same time. Try again.')
    }
    await deps.register.putResource(wanted, deps.newId())
    return { located: wanted, created: true }
  })
}

async function wantedResource(
  deps: PapDeps,
  resource: ResourceRef,
  request: ResourceRequest,
  pack: Pack,
): Promise<Located> {
  const rule = pack.manifest.resources[splitRef(resource).type]
  if (!('parent' in request)) {
    if (rule?.parent)
      throw refuse('invalid_request', `parent: a ${splitRef(resource).type} belongs to a ${rule.parent}; name it.`)
    const { owner, ownerPersona } = request
    if (splitRef(owner).type !== 'user')
      throw refuse('invalid_request', 'owner: must be user:<id>; an agent owns nothing.')
    const persona = await personaForOwner(deps, owner, ownerPersona, pack.manifest)
    return { resource, root: resource, ancestors: [], owner, persona, deed: deps.newId() }
  }
  if (rule?.parent !== splitRef(request.parent).type)
    throw refuse(
      'invalid_request',
      rule?.parent ? `parent: must be a ${rule.parent}.` : 'parent: this type has none; name its owner.',
    )
  const parent = await locateFresh(deps, request.parent)
  if (!parent) throw refuse('invalid_request', 'parent: is not registered; register it first.')
  return { ...parent, resource, ancestors: [parent.resource, ...parent.ancestors] }
}

function requireSame(present: Located, wanted: Located): Located {
  const same =
    present.owner === wanted.owner &&
    present.persona === wanted.persona &&
    present.ancestors.join() === wanted.ancestors.join()
  if (same) return present
  throw refuse(
    'conflict',
    'It is registered already, to another owner, persona or parent. A transfer must be asked for as such.',
  )
}

export async function getResource(deps: PapDeps, resource: ResourceRef, by: Principal): Promise<Located> {
  requireType(deps, resource, by)
  const located = await locateFresh(deps, resource)
  if (!located) throw refuse('not_found', 'That resource is not registered.')
  return located
}

/**
 * Removes a resource. Grants on it are dead at once. A root resource that is registered again gets a new deed, so they stay dead. A part keeps the deed
 * of its root, so grants on a part revive if its id is registered again: services must not reuse ids. Idempotent.
 */
export async function removeResource(deps: PapDeps, resource: ResourceRef, by: Principal): Promise<void> {
  requireType(deps, resource, by)
  await deps.locks.run(lockKey.resource(resource), async () => {
    await finishTransferOf(deps, resource, changeBy(by))
    const located = await locateFresh(deps, resource)
    if (!located) return
    await deps.authority.unregister(located)
    await deps.register.dropResource(resource)
    await deps.record([{ kind: 'resource_removed', ...changeBy(by), ...(await describedResource(deps, located)) }])
  })
}
