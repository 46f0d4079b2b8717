/**
 * Operations on personas, agents, resources and keys.
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
  registeredServiceSchema,
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
    summary: 'Creates a persona for the caller',
    description: 'A persona whose title needs an administrator’s approval starts `pending`.',
    body: { schema: personaRequestSchema, required: true },
    answers: { 201: { description: 'The persona.', schema: personaSchema, leadsTo: ['changePersona'] } },
    problems: ['in_person_only', 'conflict', 'persona_invalid'],
  },
  {
    ...persona,
    method: 'get',
    path: '/v1/personas',
    id: 'listPersonas',
    summary: 'Lists the caller’s personas, or those that await an administrator’s approval',
    query: personaListQuerySchema,
    answers: { 200: { description: 'The complete list.', schema: listOf(personaSchema) } },
    problems: ['in_person_only'],
  },
  {
    ...persona,
    method: 'patch',
    path: '/v1/personas/{id}',
    id: 'changePersona',
    summary: 'Changes a persona’s status, dates or autonomy',
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
    summary: 'Lists all agents',
    answers: { 200: { description: 'The complete list.', schema: listOf(agentSchema) } },
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
    tag: 'Services',
    access: 'administration',
    method: 'get',
    path: '/v1/services',
    id: 'listServices',
    summary:
      'Lists the domain services and the resource types that they are registered for; for operators and auditors',
    answers: { 200: { description: 'The complete list.', schema: listOf(registeredServiceSchema) } },
  },
  {
    ...resource,
    method: 'put',
    id: 'registerResource',
    summary: 'Registers a resource',
    description:
      'A top-level resource names its owner and, where the domain has titles, the owner’s persona; every other resource names its parent.',
    body: { schema: resourceRequestSchema, required: true },
    answers: {
      200: { description: 'It was registered already, with the same content.', schema: resourceRecordSchema },
      201: { description: 'It has been registered.', schema: resourceRecordSchema },
    },
    problems: ['conflict', 'persona_invalid'],
  },
  {
    ...resource,
    method: 'get',
    id: 'readResource',
    summary: 'Reads a resource’s owner, persona or parent',
    answers: { 200: { description: 'The resource.', schema: resourceRecordSchema } },
    problems: ['not_found'],
  },
  {
    ...resource,
    method: 'delete',
    id: 'removeResource',
    summary: 'Unregisters a resource; every grant on it ends',
    answers: { 204: { description: 'It is not registered any more, or never was.' } },
    problems: ['conflict'],
  },
  {
    ...resource,
    method: 'post',
    path: '/v1/resources/{type}/{id}/transfer',
    id: 'transferResource',
    summary: 'Transfers a top-level resource to another owner or persona',
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
    summary: 'Creates an API key',
    body: { schema: keyRequestSchema, required: true },
    answers: {
      201: { description: 'The API key. Its secret is returned only here.', schema: keySchema, leadsTo: ['revokeKey'] },
    },
    problems: ['in_person_only'],
  },
  {
    ...key,
    method: 'get',
    path: '/v1/keys',
    id: 'listKeys',
    summary: 'Lists all API keys, newest first, including ended ones',
    answers: { 200: { description: 'The complete list.', schema: listOf(keySchema) } },
  },
  {
    ...key,
    method: 'delete',
    path: '/v1/keys/{id}',
    id: 'revokeKey',
    summary: 'Revokes an API key',
    params: id,
    answers: { 204: { description: 'Revoked: from now on a request with it is answered 401.' } },
    problems: ['not_found'],
  },
] as const satisfies readonly Operation[]
