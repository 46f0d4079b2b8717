/**
 * Optimistic concurrency: an ETag is a version, and a change names the version that it was made to.
 *
 * @module
 */
import { refuse } from '@mandate/protocol'
import type { Request } from 'express'

export function etagOf({ version }: { readonly version: number }): string {
  return `"${version}"`
}

/**
 * The version that `If-Match` names.
 *
 * @throws Fault `precondition_required` without the header, `precondition_failed` for one that no ETag of ours looks like: `*` and weak
 * tags match nothing here, because a change without having read is what this is to prevent.
 */
export function versionExpected(req: Request): number {
  const header = req.get('If-Match')
  if (header === undefined) throw refuse('precondition_required', 'If-Match must carry the ETag of what you read.')
  const version = /^"(?<version>\d{1,9})"$/u.exec(header)?.groups?.['version']
  if (version === undefined) throw refuse('precondition_failed', 'If-Match carries no ETag of this service.')
  return Number(version)
}
