/**
 * `/v1/personas` and `/v1/agents` (PAP).
 *
 * @module
 */
import {
  agentPatchSchema,
  agentRequestSchema,
  type Persona,
  personaListQuerySchema,
  personaPatchSchema,
  personaRequestSchema,
} from '@mandate/protocol'
import { listAgents, registerAgent, setAgentActive } from '../../pap/agents.ts'
import { withRole } from '../../pap/pap.ts'
import { createPersona, listPersonas, patchPersona } from '../../pap/personas.ts'
import type { AgentRecord, PersonaRecord } from '../../ports/register.ts'
import { principalOf } from '../exchange.ts'
import type { OperationHandlers } from '../handlers.ts'
import { param, parse } from '../parse.ts'
import type { Pseudonymizer } from '../pseudonymizer.ts'
import { instant, millis, type PapRouteDeps, refuseSubs } from './common.ts'

export function personaHandlers(
  deps: PapRouteDeps,
): OperationHandlers<'createPersona' | 'listPersonas' | 'changePersona'> {
  const { pseudonymizer } = deps
  return {
    createPersona: async (req, res) => {
      const { title, circle, valid_from, valid_till, autonomy } = parse(personaRequestSchema, req.body)
      await refuseSubs(pseudonymizer, { circle })
      const request = { title, circle, validFrom: millis(valid_from), validTill: millis(valid_till), autonomy }
      res.status(201).json(await shownPersona(pseudonymizer, await createPersona(deps, request, principalOf(res))))
    },
    listPersonas: async (req, res) => {
      const { waiting } = parse(personaListQuerySchema, req.query)
      const personas = await listPersonas(deps, waiting !== undefined, principalOf(res))
      res.json({ items: await Promise.all(personas.map((persona) => shownPersona(pseudonymizer, persona))) })
    },
    changePersona: async (req, res) => {
      const { status, valid_from, valid_till, autonomy } = parse(personaPatchSchema, req.body)
      const patch = { status, validFrom: millis(valid_from), validTill: millis(valid_till), autonomy }
      const persona = await patchPersona(deps, param(req.params['id'], 'id'), patch, principalOf(res))
      res.json(await shownPersona(pseudonymizer, persona))
    },
  }
}

export async function shownPersona(pseudonymizer: Pseudonymizer, persona: PersonaRecord): Promise<Persona> {
  return {
    id: persona.id,
    holder: await pseudonymizer.toExternal(persona.holder),
    title: persona.title,
    circle: persona.circle,
    domain: persona.domain,
    status: persona.status,
    valid_from: instant(persona.validFrom),
    valid_till: instant(persona.validTill),
    ...(persona.autonomy ? { autonomy: persona.autonomy } : {}),
    created_at: instant(persona.createdAt),
    ...(persona.pending ? { pending: true } : {}),
  }
}

export function agentHandlers(deps: PapRouteDeps): OperationHandlers<'registerAgent' | 'listAgents' | 'changeAgent'> {
  const shown = ({ id, active, createdAt, pending }: AgentRecord) => ({
    id,
    status: active ? 'active' : 'suspended',
    created_at: instant(createdAt),
    ...(pending ? { pending } : {}),
  })
  return {
    registerAgent: async (req, res) => {
      const { id, service_sub } = parse(agentRequestSchema, req.body)
      // Checked first: a caller that may not register agents must not learn which subs are known.
      withRole(principalOf(res), 'operator')
      await refuseSubs(deps.pseudonymizer, { id })
      res.status(201).json(shown(await registerAgent(deps, { id, serviceSub: service_sub }, principalOf(res))))
    },
    listAgents: async (_req, res) => {
      res.json({ items: (await listAgents(deps, principalOf(res))).map(shown) })
    },
    changeAgent: async (req, res) => {
      const { status } = parse(agentPatchSchema, req.body)
      res.json(shown(await setAgentActive(deps, param(req.params['id'], 'id'), status === 'active', principalOf(res))))
    },
  }
}
