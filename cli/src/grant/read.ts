/**
 * `mandate grant list`, `show` and `revoke`.
 *
 * @module
 */
import { type Grant, grantSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { usageError } from '../exit.ts'
import { minuteText, print, table } from '../output.ts'
import { connect, type Pdp } from '../pdp/client.ts'
import { knownDomains } from '../pdp/domains.ts'
import { requireParty } from '../pdp/party.ts'
import { count } from './issue.ts'
import { chainLines, grantLines } from './text.ts'

interface ListOptions extends ConnectionOptions {
  readonly from?: string
  readonly to?: string
  readonly on?: string
  readonly ended?: true
  readonly limit: string
}

interface RevokeOptions extends ConnectionOptions {
  readonly reason?: string
}

const pageSchema = z.object({ items: z.array(grantSchema), next_cursor: z.string().optional() })
const PAGE = 200

export const listGrants: Work<ListOptions> = async (io, { options }) => {
  const most = count('--limit', options.limit)
  if (most === 0) throw usageError('--limit must be 1 or more.')
  for (const option of ['from', 'to'] as const) {
    const party = options[option]
    if (party !== undefined && party !== 'me') requireParty(`--${option}`, party)
  }
  const pdp = await connect(io, options)
  const { grants, hasMore } = await pages(pdp, options, most)
  const row = ({ id, status, delegator, delegate, actions, scope, expires_at }: Grant) => [
    id,
    status,
    delegator,
    delegate,
    actions.join(','),
    scope,
    minuteText(expires_at),
  ]
  print(io, options, grants, () =>
    grants.length === 0
      ? [options.ended ? 'There are no such grants.' : 'There are no such grants. Those that have ended: --ended.']
      : table(['GRANT', 'STATUS', 'FROM', 'TO', 'ACTIONS', 'ON', 'UNTIL'], grants.map(row)),
  )
  if (hasMore) io.err(`There are more than ${most}: --limit.\n`)
  return undefined
}

async function pages(pdp: Pdp, { from, to, on, ended }: ListOptions, most: number) {
  const grants: Grant[] = []
  let cursor: string | undefined
  do {
    const limit = String(Math.min(PAGE, most - grants.length))
    const include = ended ? 'ended' : undefined
    const query = { delegator: from, delegate: to, resource: on, include, limit, cursor }
    const page = await pdp.call({ path: '/v1/grants', query }, pageSchema)
    grants.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== undefined && grants.length < most)
  return { grants, hasMore: cursor !== undefined }
}

export const showGrant: Work<ConnectionOptions> = async (io, { options, args: [id = ''] }) => {
  const pdp = await connect(io, options)
  const grant = await pdp.call({ path: `/v1/grants/${encodeURIComponent(id)}` }, grantSchema)
  const domains = options.json ? [] : await knownDomains(pdp)
  print(io, options, grant, () => [
    ...grantLines(grant, domains),
    '',
    'chain, from the owner to this grant:',
    ...chainLines(grant.chain ?? [], grant.owner).map((line) => `  ${line}`),
  ])
  return undefined
}

export const revokeGrants: Work<RevokeOptions> = async (io, { options, args }) => {
  const pdp = await connect(io, options)
  const body = options.reason === undefined ? {} : { reason: options.reason }
  const revoked: Grant[] = []
  for (const id of args) {
    const path = `/v1/grants/${encodeURIComponent(id)}/revoke`
    const grant = await pdp.call({ method: 'POST', path, body }, grantSchema)
    revoked.push(grant)
    // Said one by one: a later id may be refused.
    if (!options.json)
      print(io, options, grant, () => [`${id} is ${grant.status}: ${grant.delegate} on ${grant.scope}.`])
  }
  if (options.json) print(io, options, revoked, () => [])
  return undefined
}
