/**
 * What is kept of people, described.
 *
 * @module
 */
import {
  erasureNoticeSchema,
  erasureQuerySchema,
  erasureSchema,
  idSchema,
  personExportSchema,
  pseudonymSchema,
  ulidSchema,
  waitingErasureSchema,
} from '@mandate/protocol'
import { pageOf } from './grants.ts'
import type { Operation } from './operation.ts'

const of = { tag: 'Subjects', access: 'administration' } as const
const pseudonym = { id: pseudonymSchema }
const hold = {
  ...of,
  path: '/v1/subjects/{id}/hold',
  params: pseudonym,
  problems: ['in_person_only', 'not_found'],
} as const satisfies Partial<Operation>

export const SUBJECT_OPERATIONS = [
  {
    ...of,
    method: 'get',
    path: '/v1/subjects/me/export',
    id: 'exportMe',
    summary: 'Everything held about the caller',
    answers: { 200: { description: 'One document, as an attachment.', schema: personExportSchema } },
    problems: ['in_person_only'],
  },
  {
    ...of,
    method: 'delete',
    path: '/v1/subjects/me',
    id: 'eraseMe',
    summary: 'Erases the caller',
    description: 'All they gave and hold ends, then the vault forgets who they were. It cannot be taken back.',
    answers: { 200: { description: 'What was done, and what remains elsewhere.', schema: erasureSchema } },
    problems: ['in_person_only', 'not_found', 'legal_hold'],
  },
  {
    ...of,
    method: 'delete',
    path: '/v1/subjects/{id}',
    id: 'erasePerson',
    summary: 'Erases a person, by pseudonym; for operators',
    params: pseudonym,
    answers: { 200: { description: 'What was done, and what remains elsewhere.', schema: erasureSchema } },
    problems: ['in_person_only', 'not_found', 'legal_hold'],
  },
  {
    ...hold,
    method: 'put',
    id: 'holdPerson',
    summary: 'Keeps a person from being erased; for auditors',
    answers: { 204: { description: 'It holds.' } },
  },
  {
    ...hold,
    method: 'delete',
    id: 'releasePerson',
    summary: 'Lifts a legal hold; for auditors',
    answers: { 204: { description: 'It is lifted.' } },
  },
  {
    ...of,
    method: 'get',
    path: '/v1/erasures',
    id: 'listErasures',
    summary: 'Whom a service or an agent still has to forget, oldest first',
    query: erasureQuerySchema,
    answers: { 200: { description: 'A page.', schema: pageOf(erasureNoticeSchema) } },
  },
  {
    ...of,
    method: 'get',
    path: '/v1/erasures/{id}',
    id: 'showErasure',
    summary: 'Who has not acknowledged an erasure; for operators',
    params: { id: ulidSchema },
    answers: { 200: { description: 'Client ids; none when all is deleted.', schema: waitingErasureSchema } },
  },
  {
    ...of,
    method: 'post',
    path: '/v1/erasures/{id}/acknowledge',
    id: 'acknowledgeErasure',
    summary: 'The service has forgotten them',
    params: { id: idSchema },
    answers: { 204: { description: 'It is told no more of it.' } },
  },
] as const satisfies readonly Operation[]
