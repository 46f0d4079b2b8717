/**
 * Operations on grants: list, preview, issue, revoke, and the grants below one.
 *
 * @module
 */
import { type Grant, grantPreviewSchema, grantSchema } from '@mandate/protocol'
import { z } from 'zod'
import { type Api, part } from './api.ts'
import type { Handlers } from './handlers.ts'

type Names = 'grants.list' | 'grants.read' | 'grants.preview' | 'grants.issue' | 'grants.below' | 'grants.revoke'

const listSchema = z.object({ items: z.array(grantSchema), next_cursor: z.string().optional() })
type Page = z.infer<typeof listSchema>
const PAGE = 200
/** Upper bound of a complete list: 5,000 grants. */
const MAX_PAGES = 25

export const grantHandlers: Handlers<Names> = {
  'grants.list': (input = {}, { api }) =>
    input.limit === undefined && input.cursor === undefined
      ? allGrants(api, input)
      : api.call('pdp', { path: '/v1/grants', query: { ...input } }, listSchema),
  'grants.read': ({ id }, { api }) => api.call('pdp', { path: `/v1/grants/${part(id)}` }, grantSchema),
  'grants.preview': (body, { api }) =>
    api.call('pdp', { method: 'POST', path: '/v1/grants/preview', body }, grantPreviewSchema),
  'grants.issue': async (body, { api, emit }) => {
    const grant = await api.call('pdp', { method: 'POST', path: '/v1/grants', body }, grantSchema)
    emit('changed', { what: 'grants' })
    return grant
  },
  'grants.below': async ({ id }, { api }) => ({ items: below(id, await liveGrants(api)) }),
  'grants.revoke': async ({ id, reason }, { api, emit }) => {
    const body = reason === undefined ? {} : { reason }
    const path = `/v1/grants/${part(id)}/revoke`
    const grant = await api.call('pdp', { method: 'POST', path, body }, grantSchema)
    emit('changed', { what: 'grants' })
    return grant
  },
}

/** All live grants that the person is a party to, newest first. */
export async function liveGrants(api: Api): Promise<readonly Grant[]> {
  return (await allGrants(api, {})).items
}

/** Reads all pages, so that no delegate is missing from the list. Newest first; has a cursor when there are more than `MAX_PAGES`. */
async function allGrants(api: Api, query: Readonly<Record<string, string | undefined>>): Promise<Page> {
  const items: Grant[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await api.call('pdp', { path: '/v1/grants', query: { ...query, limit: PAGE, cursor } }, listSchema)
    items.push(...page.items)
    cursor = page.next_cursor
    if (cursor === undefined) return { items }
  }
  return { items, next_cursor: cursor }
}

/** All descendants of a grant. A child is younger than its parent, so one pass from the oldest finds all. */
function below(id: string, grants: readonly Grant[]): Grant[] {
  const above = new Set([id])
  const found: Grant[] = []
  for (const grant of grants.toReversed()) {
    if (grant.parent === undefined || !above.has(grant.parent)) continue
    above.add(grant.id)
    found.push(grant)
  }
  return found
}
