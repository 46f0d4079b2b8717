/**
 * Administration over HTTP (PAP): parse, call, translate, answer.
 *
 * @module
 */
import {
  agentPatchSchema,
  agentRequestSchema,
  type Grant,
  grantQuerySchema,
  grantRequestSchema,
  idObjection,
  nameSchema,
  type PartyRef,
  type Persona,
  partySchema,
  personaPatchSchema,
  personaRequestSchema,
  type ResourceRecord,
  type ResourceRef,
  refuse,
  resourceRequestSchema,
  revokeRequestSchema,
} from '@mandate/protocol'
import { type RequestHandler, Router } from 'express'
import { z } from 'zod'
import { linkOf } from '../decide/chain.ts'
import { personaName } from '../names.ts'
import { listAgents, registerAgent, setAgentActive } from '../pap/agents.ts'
import { limitsOf } from '../pap/bounds.ts'
import { type GrantView, issueGrant, listGrants, readGrant, revokeGrant } from '../pap/grants.ts'
import type { PapDeps, Principal } from '../pap/pap.ts'
import { createPersona, listPersonas, patchPersona } from '../pap/personas.ts'
import { getResource, putResource, removeResource } from '../pap/resources.ts'
import type { AgentRecord, GrantRecord, Located, PersonaRecord } from '../ports.ts'
import type { Border } from './border.ts'
import { principalOf } from './exchange.ts'

export interface PapRouteDeps extends PapDeps {
  readonly border: Border
}

const instant = (millis: number): string => new Date(millis).toISOString()
const millis = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text))

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw refuse('invalid_request', z.prettifyError(parsed.error))
}

/** A path parameter that names one thing. */
function param(value: string | string[] | undefined, name: string): string {
  const text = typeof value === 'string' ? value : ''
  const objection = idObjection(text)
  if (objection) throw refuse('invalid_request', `${name}: ${objection}.`)
  return text
}

export function papRoutes(deps: PapRouteDeps): Router {
  const router = Router()
  grantRoutes(router, deps)
  personaRoutes(router, deps)
  agentRoutes(router, deps)
  resourceRoutes(router, deps)
  return router
}

function grantRoutes(router: Router, deps: PapRouteDeps): void {
  const { border } = deps
  router.post('/grants', async (req, res) => {
    const request = parse(grantRequestSchema, req.body)
    const delegate = border.inwardKnown(request.delegate)
    if (!delegate)
      throw refuse(
        'delegate_unknown',
        'Nobody is known by that id: a delegate holds a persona, or is a registered agent.',
      )
    const view = await issueGrant(deps, { ...request, delegate }, principalOf(res))
    res.status(201).location(`/v1/grants/${view.grant.id}`).json(shownGrant(border, view))
  })
  router.get('/grants', (req, res) => {
    const by = principalOf(res)
    const query = parse(grantQuerySchema, req.query)
    const party = (value: string | undefined): PartyRef | undefined =>
      value === undefined ? undefined : partyInQuery(border, value, by)
    const filter = {
      delegator: party(query.delegator),
      delegate: party(query.delegate),
      owner: party(query.owner),
      covers: query.resource,
      ended: query.include === 'ended',
      limit: query.limit + 1,
      before: query.cursor,
    }
    const views = listGrants(deps, filter, by)
    const shown = views.slice(0, query.limit)
    const last = shown.at(-1)
    res.json({
      items: shown.map((view) => shownGrant(border, view)),
      ...(views.length > query.limit && last ? { next_cursor: last.grant.id } : {}),
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

/** `me`, or a party as callers know it; somebody nobody has heard of is party to nothing. */
function partyInQuery(border: Border, value: string, by: Principal): PartyRef {
  if (value === 'me' && by.party) return by.party
  const party = parse(partySchema, value)
  return border.inwardKnown(party) ?? 'user:unknown'
}

function shownGrant(border: Border, { grant, status }: GrantView): Grant {
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

function shownEnd(border: Border, { revokedAt, revokedBy, revokeReason }: GrantRecord): Partial<Grant> {
  if (revokedAt === undefined) return {}
  return {
    revoked_at: instant(revokedAt),
    ...(revokedBy ? { revoked_by: border.outward(revokedBy) } : {}),
    ...(revokeReason ? { revoke_reason: revokeReason } : {}),
  }
}

function personaRoutes(router: Router, deps: PapRouteDeps): void {
  const { border } = deps
  router.post('/personas', async (req, res) => {
    const { title, circle, valid_from, valid_till, autonomy } = parse(personaRequestSchema, req.body)
    const request = { title, circle, validFrom: millis(valid_from), validTill: millis(valid_till), autonomy }
    res.status(201).json(shownPersona(border, await createPersona(deps, request, principalOf(res))))
  })
  router.get('/personas', (req, res) => {
    const { waiting } = parse(z.strictObject({ waiting: z.literal('true').optional() }), req.query)
    res.json({
      items: listPersonas(deps, waiting !== undefined, principalOf(res)).map((persona) =>
        shownPersona(border, persona),
      ),
    })
  })
  router.patch('/personas/:id', async (req, res) => {
    const { status, valid_from, valid_till, autonomy } = parse(personaPatchSchema, req.body)
    const patch = { status, validFrom: millis(valid_from), validTill: millis(valid_till), autonomy }
    res.json(shownPersona(border, await patchPersona(deps, param(req.params.id, 'id'), patch, principalOf(res))))
  })
}

function shownPersona(border: Border, persona: PersonaRecord): Persona {
  return {
    id: persona.id,
    holder: border.outward(persona.holder),
    title: persona.title,
    circle: persona.circle,
    domain: persona.domain,
    status: persona.status,
    valid_from: instant(persona.validFrom),
    valid_till: instant(persona.validTill),
    ...(persona.autonomy ? { autonomy: persona.autonomy } : {}),
    created_at: instant(persona.createdAt),
  }
}

function agentRoutes(router: Router, deps: PapRouteDeps): void {
  const shown = ({ id, active, createdAt }: AgentRecord) => ({
    id,
    status: active ? 'active' : 'suspended',
    created_at: instant(createdAt),
  })
  router.post('/agents', async (req, res) => {
    const { id, service_sub } = parse(agentRequestSchema, req.body)
    res.status(201).json(shown(await registerAgent(deps, { id, serviceSub: service_sub }, principalOf(res))))
  })
  router.get('/agents', (_req, res) => {
    res.json({ items: listAgents(deps, principalOf(res)).map(shown) })
  })
  router.patch('/agents/:id', async (req, res) => {
    const { status } = parse(agentPatchSchema, req.body)
    res.json(shown(await setAgentActive(deps, param(req.params.id, 'id'), status === 'active', principalOf(res))))
  })
}

function resourceRoutes(router: Router, deps: PapRouteDeps): void {
  const { border } = deps
  const refOf: (params: Record<string, string | string[] | undefined>) => ResourceRef = (params) =>
    `${parse(nameSchema, params['type'])}:${param(params['id'], 'id')}`
  const put: RequestHandler = async (req, res) => {
    const body = parse(resourceRequestSchema, req.body)
    const request =
      'owner' in body
        ? { owner: border.inward(body.owner), ownerPersona: body.owner_persona }
        : { parent: body.parent as ResourceRef }
    const { located, created } = await putResource(deps, refOf(req.params), request, principalOf(res))
    res.status(created ? 201 : 200).json(shownResource(border, located))
  }
  router
    .route('/resources/:type/:id')
    .put(put)
    .get(async (req, res) => {
      res.json(shownResource(border, await getResource(deps, refOf(req.params), principalOf(res))))
    })
    .delete(async (req, res) => {
      await removeResource(deps, refOf(req.params), principalOf(res))
      res.status(204).end()
    })
}

function shownResource(border: Border, { resource, owner, persona, ancestors }: Located): ResourceRecord {
  const split = resource.indexOf(':')
  const [parent] = ancestors
  return {
    type: resource.slice(0, split),
    id: resource.slice(split + 1),
    owner: border.outward(owner),
    ...(persona ? { owner_persona: personaName(persona) } : {}),
    ...(parent ? { parent } : {}),
  }
}
