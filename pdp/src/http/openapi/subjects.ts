/**
 * Operations on a person's data: export, erasure and legal hold.
 *
 * @module
 */
import {
  erasureNoticeSchema,
  erasureQuerySchema,
  erasureSchema,
  idSchema,
  legalHoldSchema,
  personExportSchema,
  pseudonymSchema,
  ulidSchema,
  waitingErasureSchema,
} from '@mandate/protocol'
import { listOf, pageOf } from './grants.ts'
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
    summary: 'Exports all data about the caller',
    answers: { 200: { description: 'One JSON document, as an attachment.', schema: personExportSchema } },
    problems: ['in_person_only'],
  },
  {
    ...of,
    method: 'delete',
    path: '/v1/subjects/me',
    id: 'eraseMe',
    summary: 'Erases the caller',
    description:
      'Ends everything that the caller has granted or holds, then deletes their identity from the vault. It cannot be undone.',
    answers: {
      200: { description: 'The completed steps, and data that other systems still hold.', schema: erasureSchema },
    },
    problems: ['in_person_only', 'not_found', 'legal_hold'],
  },
  {
    ...of,
    method: 'delete',
    path: '/v1/subjects/{id}',
    id: 'erasePerson',
    summary: 'Erases a person, by pseudonym; for operators',
    params: pseudonym,
    answers: {
      200: { description: 'The completed steps, and data that other systems still hold.', schema: erasureSchema },
    },
    problems: ['in_person_only', 'not_found', 'legal_hold'],
  },
  {
    ...hold,
    method: 'put',
    id: 'holdPerson',
    summary: 'Places a legal hold, which prevents a person’s erasure; for auditors',
    answers: { 204: { description: 'The hold is in effect.' } },
  },
  {
    ...hold,
    method: 'delete',
    id: 'releasePerson',
    summary: 'Lifts a legal hold; for auditors',
    answers: { 204: { description: 'The hold is lifted.' } },
  },
  {
    ...of,
    method: 'get',
    path: '/v1/holds',
    id: 'listHolds',
    summary: 'Lists the legal holds, newest first; for auditors',
    answers: { 200: { description: 'The complete list.', schema: listOf(legalHoldSchema) } },
  },
  {
    ...of,
    method: 'get',
    path: '/v1/erasures',
    id: 'listErasures',
    summary: 'Lists the erasures that the calling service or agent has not acknowledged, oldest first',
    query: erasureQuerySchema,
    answers: { 200: { description: 'A page.', schema: pageOf(erasureNoticeSchema) } },
  },
  {
    ...of,
    method: 'get',
    path: '/v1/erasures/{id}',
    id: 'showErasure',
    summary: 'Lists the clients that have not acknowledged an erasure; for operators',
    params: { id: ulidSchema },
    answers: {
      200: { description: 'Client ids; empty when every client has acknowledged.', schema: waitingErasureSchema },
    },
  },
  {
    ...of,
    method: 'post',
    path: '/v1/erasures/{id}/acknowledge',
    id: 'acknowledgeErasure',
    summary: 'Acknowledges an erasure, after the caller has erased the person’s data',
    params: { id: idSchema },
    answers: { 204: { description: 'Acknowledged: the erasure is not listed for the caller any more.' } },
  },
] as const satisfies readonly Operation[]
