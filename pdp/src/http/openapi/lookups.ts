/**
 * Operations that look up the pseudonym of a person.
 *
 * @module
 */
import {
  lookupApprovalSchema,
  lookupRequestSchema,
  lookupResultSchema,
  lookupSchema,
  ulidSchema,
} from '@mandate/protocol'
import { listOf } from './grants.ts'
import type { Operation } from './operation.ts'

const of = { tag: 'Subjects', access: 'administration' } as const

export const LOOKUP_OPERATIONS = [
  {
    ...of,
    method: 'post',
    path: '/v1/lookups',
    id: 'askLookup',
    summary: 'Asks for the pseudonym of a person, for a case; for auditors',
    description:
      'Another auditor approves it, who names the same person; then the asking one reads the pseudonym, within 24 hours. Each step is in the log.',
    body: { schema: lookupRequestSchema, required: true },
    answers: {
      201: { description: 'The look-up. It does not tell whether the person is known.', schema: lookupSchema },
    },
    problems: ['in_person_only', 'conflict'],
  },
  {
    ...of,
    method: 'get',
    path: '/v1/lookups',
    id: 'listLookups',
    summary: 'Lists the look-ups of the last 24 hours, newest first; for auditors',
    answers: { 200: { description: 'The complete list.', schema: listOf(lookupSchema) } },
  },
  {
    ...of,
    method: 'post',
    path: '/v1/lookups/{id}/approve',
    id: 'approveLookup',
    summary: 'Approves the look-up of another auditor, by naming the same person',
    params: { id: ulidSchema },
    body: { schema: lookupApprovalSchema, required: true },
    answers: { 200: { description: 'The look-up.', schema: lookupSchema } },
    problems: ['in_person_only', 'not_found', 'conflict'],
  },
  {
    ...of,
    method: 'post',
    path: '/v1/lookups/{id}/read',
    id: 'readLookup',
    summary: 'Reads the pseudonym that an approved look-up found; for the auditor who asked',
    params: { id: ulidSchema },
    answers: { 200: { description: 'The pseudonym, if the person is known.', schema: lookupResultSchema } },
    problems: ['in_person_only', 'not_found', 'conflict'],
  },
] as const satisfies readonly Operation[]
