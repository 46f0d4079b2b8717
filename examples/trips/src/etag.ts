/**
 * Optimistic concurrency: the ETag is the resource's version, and a change names in `If-Match` the version that it is based on.
 *
 * @module
 */
import { refuse } from '@mandate/protocol'
import type { Request } from 'express'

export function etagOf({ version }: { readonly version: number }): string {
  return `"${version}"`
}

/**
 * Reads the version from `If-Match`.
 *
 * @throws Fault `precondition_required` without the header, `precondition_failed` when its value is no ETag of this service. `*` and
 * weak tags are rejected too: they would permit a change without having read the resource.
 */
export function versionExpected(req: Request): number {
  const header = req.get('If-Match')
  if (header === undefined) throw refuse('precondition_required', 'If-Match must carry the ETag of what you read.')
  const version = /^"(?<version>\d{1,9})"$/u.exec(header)?.groups?.['version']
  if (version === undefined) throw refuse('precondition_failed', 'If-Match carries no ETag of this service.')
  return Number(version)
}
