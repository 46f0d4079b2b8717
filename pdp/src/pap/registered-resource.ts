/**
 * What operations on registered resources share: type check, lookup without the cache, members of their log entries.
 *
 * @module
 */
import { type ResourceRef, refuse, splitRef } from '@mandate/protocol'
import type { Pack } from '../policy/pack.ts'
import type { Located } from '../ports/grants.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import { RequestStatistics } from '../ports/request-statistics.ts'
import type { PapDeps, Principal } from './pap.ts'

/** The members of a log entry that name a resource. */
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

/** @throws Fault `forbidden` unless the caller is the service registered for the type, `invalid_request` for a type that cannot be registered. */
export function requireType(deps: PapDeps, resource: ResourceRef, by: Principal): Pack {
  const { type } = splitRef(resource)
  if (!by.types?.includes(type))
    throw refuse('forbidden', 'Only the service registered for the type administers it, with its own token.')
  const pack = deps.policies().byType.get(type)
  if (!pack || type === pack.manifest.account)
    throw refuse('invalid_request', 'type: no domain has such resources to register.')
  return pack
}

/** Reads owner, persona and parents from OpenFGA. Waits first for Writes about the resource whose outcome is unknown. */
export async function locateFresh(deps: PapDeps, resource: ResourceRef): Promise<Located | undefined> {
  await deps.authority.settled(resource)
  const statistics = new RequestStatistics()
  statistics.fresh = true
  return deps.relations.locate(resource, statistics)
}
