/**
 * `/v1/grants` (PAP): parses requests, calls the PAP, translates results.
 *
 * @module
 */
import {
  type Grant,
  type GrantPreview,
  type GrantRequest,
  grantQuerySchema,
  grantRequestSchema,
  type PartyRef,
  PROBLEMS,
  refuse,
  revokeRequestSchema,
  ulidSchema,
} from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { linkOf } from '../../decide/chain.ts'
import { limitsOf } from '../../pap/bounds.ts'
import type { GrantView } from '../../pap/grant-view.ts'
import { issueGrant, listGrants, readGrant, revokeGrant } from '../../pap/grants.ts'
import type { Principal } from '../../pap/pap.ts'
import { type Preview, previewGrant } from '../../pap/preview.ts'
import type { GrantRecord } from '../../ports/grants.ts'
import { personaName } from '../../ports/persona-id.ts'
import { principalOf } from '../exchange.ts'
import type { IdsOf, OperationHandlers } from '../handlers.ts'
import type { GRANT_OPERATIONS } from '../openapi/grants.ts'
import { param, parse } from '../parse.ts'
import type { Pseudonymizer } from '../pseudonymizer.ts'
import { instant, type PapRouteDeps, refuseSubs } from './common.ts'

export function grantHandlers(deps: PapRouteDeps): OperationHandlers<IdsOf<typeof GRANT_OPERATIONS>> {
  const { pseudonymizer } = deps
  return {
    issueGrant: async (req, res) => {
      const request = await toInternal(pseudonymizer, parse(grantRequestSchema, req.body))
      const view = await issueGrant(deps, request, principalOf(res))
      res
        .status(201)
        .location(`/v1/grants/${view.grant.id}`)
        .json({
          ...(await shownGrant(pseudonymizer, view)),
          ...(Object.keys(view.moved).length > 0 ? { moved: view.moved } : {}),
        })
    },
    previewGrant: async (req, res) => {
      const request = parse(grantRequestSchema, req.body)
      res.json(
        await shownPreview(
          pseudonymizer,
          await previewGrant(deps, () => toInternal(pseudonymizer, request), principalOf(res)),
        ),
      )
    },
    listGrants: listGrantsHandler(deps),
    readGrant: async (req, res) => {
      const { view, chain } = await readGrant(deps, param(req.params['id'], 'id'), principalOf(res))
      res.json({
        ...(await shownGrant(pseudonymizer, view)),
        chain: await Promise.all(chain.map((link) => pseudonymizer.toExternalLink(linkOf(link)))),
      })
    },
    revokeGrant: async (req, res) => {
      const { reason } = parse(revokeRequestSchema, req.body ?? {})
      const view = await revokeGrant(deps, param(req.params['id'], 'id'), reason, principalOf(res))
      res.json(await shownGrant(pseudonymizer, view))
    },
  }
}

/** Lists a page of the caller's grants, newest first. */
function listGrantsHandler(deps: PapRouteDeps): RequestHandler {
  const { pseudonymizer, tokens } = deps
  return async (req, res) => {
    const by = principalOf(res)
    const { cursor, ...query } = parse(grantQuerySchema, req.query)
    const { limit, ...question } = query
    const of = { list: 'GET /v1/grants', by, question }
    const party = async (value: 'me' | PartyRef | undefined): Promise<PartyRef | undefined> =>
      value === undefined ? undefined : partyInQuery(pseudonymizer, value, by)
    const filter = {
      delegator: await party(query.delegator),
      delegate: await party(query.delegate),
      owner: await party(query.owner),
      covers: query.resource,
      ended: query.include === 'ended',
      limit: limit + 1,
      before: cursor === undefined ? undefined : tokens.decrypt(cursor, 'cursor', ulidSchema, of),
    }
    const views = await listGrants(deps, filter, by)
    const shown = views.slice(0, limit)
    const last = shown.at(-1)
    res.json({
      items: await Promise.all(shown.map((view) => shownGrant(pseudonymizer, view))),
      ...(views.length > limit && last ? { next_cursor: tokens.encrypt(last.grant.id, of) } : {}),
    })
  }
}

/** Translates a delegate. Rejects unknown delegates; never creates a pseudonym. */
async function toInternal(pseudonymizer: Pseudonymizer, request: GrantRequest): Promise<GrantRequest> {
  await refuseSubs(pseudonymizer, { delegate_persona: request.delegate_persona?.split('/')[1] })
  const delegate = await pseudonymizer.toInternalKnown(request.delegate)
  if (delegate) return { ...request, delegate }
  throw refuse('delegate_unknown', 'Unknown delegate: a delegate holds a persona, or is a registered agent.')
}

async function shownPreview(pseudonymizer: Pseudonymizer, preview: Preview): Promise<GrantPreview> {
  if (!preview.allowed) {
    const { code, detail, members } = preview.refusal
    return { allowed: false, code, ...PROBLEMS[code], ...(detail ? { detail } : {}), ...members }
  }
  const record = { ...preview.grant, revokedAt: undefined, revokedBy: undefined, revokeReason: undefined }
  const { id: _id, status: _status, ...grant } = await shownGrant(pseudonymizer, { grant: record, status: 'live' })
  return { allowed: true, grant, would_allow: preview.wouldAllow.map((one) => ({ ...one, gates: [...one.gates] })) }
}

/** Translates a party of a filter; an unknown person is party to no grant. */
async function partyInQuery(pseudonymizer: Pseudonymizer, value: 'me' | PartyRef, by: Principal): Promise<PartyRef> {
  const party = value === 'me' ? by.party : await pseudonymizer.toInternalKnown(value)
  return party ?? 'user:unknown'
}

export async function shownGrant(
  pseudonymizer: Pseudonymizer,
  { grant, status, withheld = [] }: GrantView,
): Promise<Grant> {
  return {
    id: grant.id,
    status,
    delegator: await pseudonymizer.toExternal(grant.delegator),
    ...(grant.delegatorPersona ? { delegator_persona: personaName(grant.delegatorPersona) } : {}),
    delegate: await pseudonymizer.toExternal(grant.delegate),
    ...(grant.asks ? { delegate_persona: grant.asks } : {}),
    owner: await pseudonymizer.toExternal(grant.owner),
    actions: [...grant.actions],
    scope: grant.covers,
    limits: limitsOf(grant),
    expires_at: instant(grant.expiresAt),
    redelegations: grant.redelegations,
    unattended: grant.unattended,
    ...(grant.parent ? { parent: grant.parent } : {}),
    created_at: instant(grant.createdAt),
    ...(withheld.length > 0
      ? { withheld: withheld.map(({ code, actions }) => ({ code, actions: [...actions] })) }
      : {}),
    ...(await shownEnd(pseudonymizer, grant)),
  }
}

async function shownEnd(
  pseudonymizer: Pseudonymizer,
  { revokedAt, revokedBy, revokeReason, replacedBy }: GrantRecord,
): Promise<Partial<Grant>> {
  if (revokedAt === undefined) return {}
  return {
    revoked_at: instant(revokedAt),
    ...(revokedBy ? { revoked_by: await pseudonymizer.toExternal(revokedBy) } : {}),
    ...(revokeReason ? { revoke_reason: revokeReason } : {}),
    ...(replacedBy ? { replaced_by: replacedBy } : {}),
  }
}
