/**
 * Operations on policies, and on relationship facts of domains with their own model.
 *
 * @module
 */
import {
  domainSchema,
  factsAnswerSchema,
  factsRequestSchema,
  policyActivationSchema,
  policyComparisonQuerySchema,
  policyComparisonSchema,
  policyRecordSchema,
  policyTextsQuerySchema,
  policyTextsSchema,
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
    summary: 'Writes and deletes relationship facts of a domain with its own model',
    description: 'The caller is a service of the domain’s types. At most 40 facts, in one transaction.',
    body: { schema: factsRequestSchema, required: true },
    answers: { 200: { description: 'Number of changed facts.', schema: factsAnswerSchema } },
    problems: ['conflict'],
  },
  {
    ...of,
    method: 'get',
    path: '/v1/domains',
    id: 'listDomains',
    summary: 'Lists the domains in force: titles, actions, limits, units and texts of their reasons',
    description: 'All data that a client needs to display any domain. Texts are in English.',
    answers: { 200: { description: 'One domain for each policy pack.', schema: listOf(domainSchema) } },
  },
  {
    ...of,
    method: 'get',
    path: '/v1/policies',
    id: 'listPolicies',
    summary: 'Lists the loaded versions of the policies, newest first',
    answers: { 200: { description: 'The complete list.', schema: listOf(policyRecordSchema) } },
  },
  {
    ...of,
    method: 'get',
    path: '/v1/policies/texts',
    id: 'readPolicyTexts',
    summary: 'Reads the files of a version that was loaded',
    description: 'For operators and auditors.',
    query: policyTextsQuerySchema,
    answers: { 200: { description: 'Models and manifests.', schema: policyTextsSchema } },
    problems: ['not_found'],
  },
  {
    ...of,
    method: 'get',
    path: '/v1/policies/comparison',
    id: 'comparePolicies',
    summary: 'Lists which of the newest logged decisions two versions make differently',
    description:
      'For operators and auditors. Each request is decided by both versions, on the present facts and at the time of its entry. It is not a decision to enforce, and is recorded as a read of the log. `conflict`: a version cannot be used any more.',
    query: policyComparisonQuerySchema,
    answers: {
      200: { description: 'What differs, and how many could not be compared.', schema: policyComparisonSchema },
    },
    problems: ['not_found', 'conflict', 'index_unavailable'],
  },
  {
    ...of,
    method: 'post',
    path: '/v1/policies/load',
    id: 'loadPolicies',
    summary: 'Loads the policies from their folder and activates them',
    answers: { 200: { description: 'The policies in force.', schema: policyRecordSchema } },
    problems: ['policy_invalid'],
  },
  {
    ...of,
    method: 'post',
    path: '/v1/policies/activate',
    id: 'activatePolicies',
    summary: 'Activates a version of the policies that was loaded before',
    body: { schema: policyActivationSchema, required: true },
    answers: { 200: { description: 'The policies in force.', schema: policyRecordSchema } },
    problems: ['not_found', 'policy_invalid'],
  },
] as const satisfies readonly Operation[]
