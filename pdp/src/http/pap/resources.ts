/**
 * `/v1/resources` (PAP): registration of resources by the domain service of their type.
 *
 * @module
 */
import {
  nameSchema,
  type PartyRef,
  type ResourceRecord,
  type ResourceRef,
  resourceRequestSchema,
  transferRequestSchema,
} from '@mandate/protocol'
import type { RequestHandler } from 'express'
import type { Principal } from '../../pap/pap.ts'
import { getResource, putResource, removeResource } from '../../pap/resources.ts'
import { transferResource } from '../../pap/transfer.ts'
import type { Awaitable } from '../../ports/awaitable.ts'
import type { Located } from '../../ports/grants.ts'
import { personaName } from '../../ports/persona-id.ts'
import { principalOf } from '../exchange.ts'
import type { OperationHandlers } from '../handlers.ts'
import { param, parse } from '../parse.ts'
import type { Pseudonymizer } from '../pseudonymizer.ts'
import { type PapRouteDeps, refuseSubs } from './common.ts'

export function resourceHandlers(
  deps: PapRouteDeps,
): OperationHandlers<'registerResource' | 'readResource' | 'removeResource' | 'transferResource'> {
  const { pseudonymizer } = deps
  const refOf: (params: Record<string, string | string[] | undefined>) => ResourceRef = (params) =>
    `${parse(nameSchema, params['type'])}:${param(params['id'], 'id')}`
  const put: RequestHandler = async (req, res) => {
    const body = parse(resourceRequestSchema, req.body)
    const request =
      'owner' in body
        ? {
            owner: await ownerOf(deps, req.params['type'], body.owner, principalOf(res)),
            ownerPersona: body.owner_persona,
          }
        : { parent: body.parent as ResourceRef }
    await refuseSubs(pseudonymizer, { id: param(req.params['id'], 'id') })
    const { located, created } = await putResource(deps, refOf(req.params), request, principalOf(res))
    res.status(created ? 201 : 200).json(await shownResource(pseudonymizer, located))
  }
  return {
    registerResource: put,
    readResource: async (req, res) => {
      res.json(await shownResource(pseudonymizer, await getResource(deps, refOf(req.params), principalOf(res))))
    },
    removeResource: async (req, res) => {
      await removeResource(deps, refOf(req.params), principalOf(res))
      res.status(204).end()
    },
    transferResource: async (req, res) => {
      const { owner, owner_persona } = parse(transferRequestSchema, req.body)
      const request = {
        owner: await ownerOf(deps, req.params['type'], owner, principalOf(res)),
        ownerPersona: owner_persona,
      }
      res.json(
        await shownResource(pseudonymizer, await transferResource(deps, refOf(req.params), request, principalOf(res))),
      )
    },
  }
}

/** Translates an owner. Where owners need a persona, an unknown owner is not registered: services pass on ids that people typed. */
function ownerOf(
  { pseudonymizer, policies }: PapRouteDeps,
  type: unknown,
  owner: PartyRef,
  by: Principal,
): Awaitable<PartyRef> {
  const titles = policies().byType.get(String(type))?.manifest.titles ?? {}
  return pseudonymizer.toInternal(owner, Object.keys(titles).length > 0 ? { types: undefined } : by)
}

async function shownResource(
  pseudonymizer: Pseudonymizer,
  { resource, owner, persona, ancestors }: Located,
): Promise<ResourceRecord> {
  const split = resource.indexOf(':')
  const [parent] = ancestors
  return {
    type: resource.slice(0, split),
    id: resource.slice(split + 1),
    owner: await pseudonymizer.toExternal(owner),
    ...(persona ? { owner_persona: personaName(persona) } : {}),
    ...(parent ? { parent } : {}),
  }
}
