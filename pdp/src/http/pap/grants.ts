/**
 * `/v1/grants` (PAP): parse, call, translate, answer.
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
import { linkOf } from '../../decide/chain.ts'
import { limitsOf } from '../../pap/bounds.ts'
import type { GrantView } from '../../pap/grant-view.ts'
import { issueGrant, listGrants, readGrant, revokeGrant } from '../../pap/grants.ts'
import type { Principal } from '../../pap/pap.ts'
import { type Preview, previewGrant } from '../../pap/preview.ts'
import type { GrantRecord } from '../../ports/grants.ts'
import { personaName } from '../../ports/names.ts'
import { principalOf } from '../exchange.ts'
import type { IdsOf, OperationHandlers } from '../handlers.ts'
import type { GRANT_OPERATIONS } from '../openapi/grants.ts'
import { param, parse } from '../parse.ts'
import type { Pseudonymizer } from '../pseudonymizer.ts'
import { instant, type PapRouteDeps, refuseSubs } from './common.ts'

export function grantHandlers(deps: PapRouteDeps): OperationHandlers<IdsOf<typeof GRANT_OPERATIONS>> {
  const { pseudonymizer, tokens } = deps
  return {
    issueGrant: async (req, res) => {
      const request = toInternal(pseudonymizer, parse(grantRequestSchema, req.body))
      const view = await issueGrant(deps, request, principalOf(res))
      res
        .status(201)
        .location(`/v1/grants/${view.grant.id}`)
        .json({
          ...shownGrant(pseudonymizer, view),
          ...(Object.keys(view.moved).length > 0 ? { moved: view.moved } : {}),
        })
    },
    previewGrant: async (req, res) => {
      const request = parse(grantRequestSchema, req.body)
      res.json(
        shownPreview(
          pseudonymizer,
          await previewGrant(deps, () => toInternal(pseudonymizer, request), principalOf(res)),
        ),
      )
    },
    listGrants: (req, res) => {
      const by = principalOf(res)
      const { cursor, ...query } = parse(grantQuerySchema, req.query)
      const { limit, ...question } = query
      const of = { list: 'GET /v1/grants', by, question }
      const party = (value: 'me' | PartyRef | undefined): PartyRef | undefined =>
        value === undefined ? undefined : partyInQuery(pseudonymizer, value, by)
      const filter = {
        delegator: party(query.delegator),
        delegate: party(query.delegate),
        owner: party(query.owner),
        covers: query.resource,
        ended: query.include === 'ended',
        limit: limit + 1,
        before: cursor === undefined ? undefined : tokens.open(cursor, 'cursor', ulidSchema, of),
      }
      const views = listGrants(deps, filter, by)
      const shown = views.slice(0, limit)
      const last = shown.at(-1)
      res.json({
        items: shown.map((view) => shownGrant(pseudonymizer, view)),
        ...(views.length > limit && last ? { next_cursor: tokens.seal(last.grant.id, of) } : {}),
      })
    },
    readGrant: (req, res) => {
      const { view, chain } = readGrant(deps, param(req.params['id'], 'id'), principalOf(res))
      res.json({
        ...shownGrant(pseudonymizer, view),
        chain: chain.map((link) => pseudonymizer.toExternalLink(linkOf(link))),
      })
    },
    revokeGrant: async (req, res) => {
      const { reason } = parse(revokeRequestSchema, req.body ?? {})
      res.json(
        shownGrant(pseudonymizer, await revokeGrant(deps, param(req.params['id'], 'id'), reason, principalOf(res))),
      )
    },
  }
}

/** Somebody nobody has heard of gets no pseudonym by being granted something. */
function toInternal(pseudonymizer: Pseudonymizer, request: GrantRequest): GrantRequest {
  refuseSubs(pseudonymizer, { delegate_persona: request.delegate_persona?.split('/')[1] })
  const delegate = pseudonymizer.toInternalKnown(request.delegate)
  if (delegate) return { ...request, delegate }
  throw refuse('delegate_unknown', 'Nobody is known by that id: a delegate holds a persona, or is a registered agent.')
}

function shownPreview(pseudonymizer: Pseudonymizer, preview: Preview): GrantPreview {
  if (!preview.allowed) {
    const { code, detail, members } = preview.refusal
    return { allowed: false, code, ...PROBLEMS[code], ...(detail ? { detail } : {}), ...members }
  }
  const record = { ...preview.grant, revokedAt: undefined, revokedBy: undefined, revokeReason: undefined }
  const { id: _id, status: _status, ...grant } = shownGrant(pseudonymizer, { grant: record, status: 'live' })
  return { allowed: true, grant, would_allow: preview.wouldAllow.map((one) => ({ ...one, gates: [...one.gates] })) }
}

/** Somebody nobody has heard of is party to nothing. */
function partyInQuery(pseudonymizer: Pseudonymizer, value: 'me' | PartyRef, by: Principal): PartyRef {
  const party = value === 'me' ? by.party : pseudonymizer.toInternalKnown(value)
  return party ?? 'user:unknown'
}

export function shownGrant(pseudonymizer: Pseudonymizer, { grant, status }: GrantView): Grant {
  return {
    id: grant.id,
    status,
    delegator: pseudonymizer.toExternal(grant.delegator),
    ...(grant.delegatorPersona ? { delegator_persona: personaName(grant.delegatorPersona) } : {}),
    delegate: pseudonymizer.toExternal(grant.delegate),
    ...(grant.asks ? { delegate_persona: grant.asks } : {}),
    owner: pseudonymizer.toExternal(grant.owner),
    actions: [...grant.actions],
    scope: grant.covers,
    limits: limitsOf(grant),
    expires_at: instant(grant.expiresAt),
    redelegations: grant.redelegations,
    unattended: grant.unattended,
    ...(grant.parent ? { parent: grant.parent } : {}),
    created_at: instant(grant.createdAt),
    ...shownEnd(pseudonymizer, grant),
  }
}

function shownEnd(
  pseudonymizer: Pseudonymizer,
  { revokedAt, revokedBy, revokeReason, replacedBy }: GrantRecord,
): Partial<Grant> {
  if (revokedAt === undefined) return {}
  return {
    revoked_at: instant(revokedAt),
    ...(revokedBy ? { revoked_by: pseudonymizer.toExternal(revokedBy) } : {}),
    ...(revokeReason ? { revoke_reason: revokeReason } : {}),
    ...(replacedBy ? { replaced_by: replacedBy } : {}),
  }
}
