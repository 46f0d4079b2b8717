/**
 * Personas, agents, resources and keys, described.
 *
 * @module
 */
import {
  agentPatchSchema,
  agentRequestSchema,
  agentSchema,
  idSchema,
  keyRequestSchema,
  keySchema,
  nameSchema,
  personaListQuerySchema,
  personaPatchSchema,
  personaRequestSchema,
  personaSchema,
  resourceRecordSchema,
  resourceRequestSchema,
  transferRequestSchema,
} from '@mandate/protocol'
import { listOf } from './grants.ts'
import type { Operation } from './operation.ts'

const id = { id: idSchema }
const persona = { tag: 'Personas', access: 'administration' } as const
const agent = { tag: 'Agents', access: 'administration' } as const
const key = { tag: 'Keys', access: 'administration' } as const
const resource = {
  tag: 'Resources',
  access: 'administration',
  path: '/v1/resources/{type}/{id}',
  params: { type: nameSchema, id: idSchema },
} as const

export const ADMINISTRATION_OPERATIONS = [
  {
    ...persona,
    method: 'post',
    path: '/v1/personas',
    id: 'createPersona',
    summary: 'Takes a persona',
    description: 'Always one’s own. A title that nobody may give themself starts `pending`.',
    body: { schema: personaRequestSchema, required: true },
    answers: { 201: { description: 'The persona.', schema: personaSchema, leadsTo: ['changePersona'] } },
    problems: ['in_person_only', 'conflict', 'persona_invalid'],
  },
  {
    ...persona,
    method: 'get',
    path: '/v1/personas',
    id: 'listPersonas',
    summary: 'One’s own personas, or those that wait for an administrator',
    query: personaListQuerySchema,
    answers: { 200: { description: 'All of them.', schema: listOf(personaSchema) } },
    problems: ['in_person_only'],
  },
  {
    ...persona,
    method: 'patch',
    path: '/v1/personas/{id}',
    id: 'changePersona',
    summary: 'Changes status, dates or autonomy',
    params: id,
    body: { schema: personaPatchSchema, required: true },
    answers: { 200: { description: 'The persona.', schema: personaSchema } },
    problems: ['in_person_only', 'not_found', 'conflict', 'persona_invalid'],
  },
  {
    ...agent,
    method: 'post',
    path: '/v1/agents',
    id: 'registerAgent',
    summary: 'Registers an agent',
    body: { schema: agentRequestSchema, required: true },
    answers: { 201: { description: 'The agent, usable at once.', schema: agentSchema, leadsTo: ['changeAgent'] } },
    problems: ['conflict'],
  },
  {
    ...agent,
    method: 'get',
    path: '/v1/agents',
    id: 'listAgents',
    summary: 'All agents',
    answers: { 200: { description: 'All of them.', schema: listOf(agentSchema) } },
  },
  {
    ...agent,
    method: 'patch',
    path: '/v1/agents/{id}',
    id: 'changeAgent',
    summary: 'Suspends or resumes an agent',
    params: id,
    body: { schema: agentPatchSchema, required: true },
    answers: { 200: { description: 'The agent.', schema: agentSchema } },
    problems: ['not_found'],
  },
  {
    ...resource,
    method: 'put',
    id: 'registerResource',
    summary: 'Registers a resource',
    description: 'A topmost one names its owner and, where the domain has titles, their persona; any other its parent.',
    body: { schema: resourceRequestSchema, required: true },
    answers: {
      200: { description: 'It was registered just so.', schema: resourceRecordSchema },
      201: { description: 'It is registered.', schema: resourceRecordSchema },
    },
    problems: ['conflict', 'persona_invalid'],
  },
  {
    ...resource,
    method: 'get',
    id: 'readResource',
    summary: 'Whose a resource is',
    answers: { 200: { description: 'The resource.', schema: resourceRecordSchema } },
    problems: ['not_found'],
  },
  {
    ...resource,
    method: 'delete',
    id: 'removeResource',
    summary: 'Forgets a resource; every grant on it is dead',
    answers: { 204: { description: 'It is gone, or was.' } },
    problems: ['conflict'],
  },
  {
    ...resource,
    method: 'post',
    path: '/v1/resources/{type}/{id}/transfer',
    id: 'transferResource',
    summary: 'Gives a topmost resource to another owner or persona',
    description: 'Every grant on it ends.',
    body: { schema: transferRequestSchema, required: true },
    answers: { 200: { description: 'The resource.', schema: resourceRecordSchema } },
    problems: ['not_found', 'conflict', 'persona_invalid'],
  },
  {
    ...key,
    method: 'post',
    path: '/v1/keys',
    id: 'createKey',
    summary: 'Makes an API key',
    body: { schema: keyRequestSchema, required: true },
    answers: { 201: { description: 'The key itself is shown here only.', schema: keySchema, leadsTo: ['revokeKey'] } },
    problems: ['in_person_only'],
  },
  {
    ...key,
    method: 'get',
    path: '/v1/keys',
    id: 'listKeys',
    summary: 'All keys, newest first, ended ones too',
    answers: { 200: { description: 'All of them.', schema: listOf(keySchema) } },
  },
  {
    ...key,
    method: 'delete',
    path: '/v1/keys/{id}',
    id: 'revokeKey',
    summary: 'Revokes a key',
    params: id,
    answers: { 204: { description: 'The very next request with it is 401.' } },
    problems: ['not_found'],
  },
] as const satisfies readonly Operation[]
