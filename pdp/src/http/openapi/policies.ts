/**
 * Facts of domains whose own model decides, and policies, described.
 *
 * @module
 */
import {
  domainSchema,
  factsAnswerSchema,
  factsRequestSchema,
  policyActivationSchema,
  policyRecordSchema,
} from '@mandate/protocol'
import { listOf } from './grants.ts'
import type { Operation } from './operation.ts'

const of = { tag: 'Policies', access: 'administration' } as const

export const POLICY_OPERATIONS = [
  {
    ...of,
    method: 'post',
    path: '/v1/facts',
    id: 'changeFacts',
    summary: 'Writes and removes facts of a domain whose own model decides',
    description: 'By a service of its types. At most 40, all or none.',
    body: { schema: factsRequestSchema, required: true },
    answers: { 200: { description: 'How many changed.', schema: factsAnswerSchema } },
    problems: ['conflict'],
  },
  {
    ...of,
    method: 'get',
    path: '/v1/domains',
    id: 'listDomains',
    summary: 'The domains in force: titles, actions, limits, units and texts of their reasons',
    description: 'Everything that a client needs to show a domain that it does not know. Texts are English.',
    answers: { 200: { description: 'One for each policy pack.', schema: listOf(domainSchema) } },
  },
  {
    ...of,
    method: 'get',
    path: '/v1/policies',
    id: 'listPolicies',
    summary: 'Policies that were loaded, newest first',
    answers: { 200: { description: 'All of them.', schema: listOf(policyRecordSchema) } },
  },
  {
    ...of,
    method: 'post',
    path: '/v1/policies/load',
    id: 'loadPolicies',
    summary: 'Reads the policies anew and puts them in force',
    answers: { 200: { description: 'The policies in force.', schema: policyRecordSchema } },
    problems: ['policy_invalid'],
  },
  {
    ...of,
    method: 'post',
    path: '/v1/policies/activate',
    id: 'activatePolicies',
    summary: 'Puts policies in force that were loaded before',
    body: { schema: policyActivationSchema, required: true },
    answers: { 200: { description: 'The policies in force.', schema: policyRecordSchema } },
    problems: ['not_found', 'policy_invalid'],
  },
] as const satisfies readonly Operation[]
