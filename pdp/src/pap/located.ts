/**
 * Resources as an administrative operation looks at them: of the caller's types, as they stand in the store now.
 *
 * @module
 */
import { type ResourceRef, refuse, splitRef } from '@mandate/protocol'
import type { Pack } from '../policy/pack.ts'
import type { Located } from '../ports/grants.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import { RequestStatistics } from '../ports/request-statistics.ts'
import type { PapDeps, Principal } from './pap.ts'

export async function describedResource(
  { redact }: PapDeps,
  { owner, resource, root }: Located,
): Promise<Pick<EntryDraft, 'owner' | 'resource' | 'root' | 'target'>> {
  const name = await redact.resource(resource, true)
  return {
    owner,
    resource: name,
    ...(root === resource ? {} : { root: await redact.resource(root, true) }),
    target: name,
  }
}

export function requireType(deps: PapDeps, resource: ResourceRef, by: Principal): Pack {
  const { type } = splitRef(resource)
  if (!by.types?.includes(type))
    throw refuse('forbidden', 'Only the service registered for the type administers it, with its own token.')
  const pack = deps.policies().byType.get(type)
  if (!pack || type === pack.manifest.account)
    throw refuse('invalid_request', 'type: no domain has such resources to register.')
  return pack
}

/** Where it stands, once no Write without an answer can change that any more. */
export async function locateFresh(deps: PapDeps, resource: ResourceRef): Promise<Located | undefined> {
  await deps.authority.settled(resource)
  const statistics = new RequestStatistics()
  statistics.fresh = true
  return deps.relations.locate(resource, statistics)
}
