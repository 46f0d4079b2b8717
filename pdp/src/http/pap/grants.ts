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
import type { Router } from 'express'
import { linkOf } from '../../decide/chain.ts'
import { personaName } from '../../names.ts'
import { limitsOf } from '../../pap/bounds.ts'
import type { GrantView } from '../../pap/grant-view.ts'
import { issueGrant, listGrants, readGrant, revokeGrant } from '../../pap/grants.ts'
import type { Principal } from '../../pap/pap.ts'
import { type Preview, previewGrant } from '../../pap/preview.ts'
import type { GrantRecord } from '../../ports.ts'
import type { Border } from '../border.ts'
import { principalOf } from '../exchange.ts'
import { param, parse } from '../parse.ts'
import { instant, type PapRouteDeps, refuseSubs } from './common.ts'

export function grantRoutes(router: Router, deps: PapRouteDeps): void {
  const { border, tokens } = deps
  router.post('/grants', async (req, res) => {
    const request = inward(border, parse(grantRequestSchema, req.body))
    const view = await issueGrant(deps, request, principalOf(res))
    res
      .status(201)
      .location(`/v1/grants/${view.grant.id}`)
      .json({ ...shownGrant(border, view), ...(Object.keys(view.moved).length > 0 ? { moved: view.moved } : {}) })
  })
  router.post('/grants/preview', async (req, res) => {
    const request = parse(grantRequestSchema, req.body)
    res.json(shownPreview(border, await previewGrant(deps, () => inward(border, request), principalOf(res))))
  })
  router.get('/grants', (req, res) => {
    const by = principalOf(res)
    const { cursor, ...query } = parse(grantQuerySchema, req.query)
    const { limit, ...question } = query
    const of = { list: 'GET /v1/grants', by, question }
    const party = (value: 'me' | PartyRef | undefined): PartyRef | undefined =>
      value === undefined ? undefined : partyInQuery(border, value, by)
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
      items: shown.map((view) => shownGrant(border, view)),
      ...(views.length > limit && last ? { next_cursor: tokens.seal(last.grant.id, of) } : {}),
    })
  })
  router.get('/grants/:id', (req, res) => {
    const { view, chain } = readGrant(deps, param(req.params.id, 'id'), principalOf(res))
    res.json({ ...shownGrant(border, view), chain: chain.map((link) => border.outwardLink(linkOf(link))) })
  })
  router.post('/grants/:id/revoke', async (req, res) => {
    const { reason } = parse(revokeRequestSchema, req.body ?? {})
    res.json(shownGrant(border, await revokeGrant(deps, param(req.params.id, 'id'), reason, principalOf(res))))
  })
}

/** Somebody nobody has heard of gets no pseudonym by being granted something. */
function inward(border: Border, request: GrantRequest): GrantRequest {
  refuseSubs(border, { delegate_persona: request.delegate_persona?.split('/')[1] })
  const delegate = border.inwardKnown(request.delegate)
  if (delegate) return { ...request, delegate }
  throw refuse('delegate_unknown', 'Nobody is known by that id: a delegate holds a persona, or is a registered agent.')
}

function shownPreview(border: Border, preview: Preview): GrantPreview {
  if (!preview.allowed) {
    const { code, detail, members } = preview.refusal
    return { allowed: false, code, ...PROBLEMS[code], ...(detail ? { detail } : {}), ...members }
  }
  const record = { ...preview.grant, revokedAt: undefined, revokedBy: undefined, revokeReason: undefined }
  const { id: _id, status: _status, ...grant } = shownGrant(border, { grant: record, status: 'live' })
  return { allowed: true, grant, would_allow: preview.wouldAllow.map((one) => ({ ...one, gates: [...one.gates] })) }
}

/** Somebody nobody has heard of is party to nothing. */
function partyInQuery(border: Border, value: 'me' | PartyRef, by: Principal): PartyRef {
  const party = value === 'me' ? by.party : border.inwardKnown(value)
  return party ?? 'user:unknown'
}

export function shownGrant(border: Border, { grant, status }: GrantView): Grant {
  return {
    id: grant.id,
    status,
    delegator: border.outward(grant.delegator),
    ...(grant.delegatorPersona ? { delegator_persona: personaName(grant.delegatorPersona) } : {}),
    delegate: border.outward(grant.delegate),
    ...(grant.asks ? { delegate_persona: grant.asks } : {}),
    owner: border.outward(grant.owner),
    actions: [...grant.actions],
    scope: grant.covers,
    limits: limitsOf(grant),
    expires_at: instant(grant.expiresAt),
    redelegations: grant.redelegations,
    unattended: grant.unattended,
    ...(grant.parent ? { parent: grant.parent } : {}),
    created_at: instant(grant.createdAt),
    ...shownEnd(border, grant),
  }
}

function shownEnd(border: Border, { revokedAt, revokedBy, revokeReason, replacedBy }: GrantRecord): Partial<Grant> {
  if (revokedAt === undefined) return {}
  return {
    revoked_at: instant(revokedAt),
    ...(revokedBy ? { revoked_by: border.outward(revokedBy) } : {}),
    ...(revokeReason ? { revoke_reason: revokeReason } : {}),
    ...(replacedBy ? { replaced_by: replacedBy } : {}),
  }
}
