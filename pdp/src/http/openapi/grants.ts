/**
 * `/v1/grants` and `/v1/invitations`, described.
 *
 * @module
 */
import {
  confirmRequestSchema,
  grantPreviewSchema,
  grantQuerySchema,
  grantRequestSchema,
  grantSchema,
  idSchema,
  invitationRequestSchema,
  invitationSchema,
  type ProblemCode,
  pageTokenSchema,
  redeemRequestSchema,
  revokeRequestSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import type { Operation } from './operation.ts'

const of = { tag: 'Grants', access: 'administration' } as const
const id = { id: idSchema }

/** A page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), next_cursor: pageTokenSchema.optional() })
/** A list that comes whole. */
export const listOf = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item) })

/** Whatever can be wrong with a grant (rules C1 to C6), whoever it is for. */
const UNISSUABLE: readonly ProblemCode[] = [
  'in_person_only',
  'not_owner',
  'grant_not_redelegable',
  'grant_persona',
  'grant_widened',
  'chain_depth',
  'grant_unknown',
  'chain_cycle',
  'conflict',
  'grant_invalid',
]

export const GRANT_OPERATIONS = [
  {
    ...of,
    method: 'post',
    path: '/v1/grants',
    id: 'issueGrant',
    summary: 'Grants something, or passes it on',
    description: 'By the owner or a delegate in person, or by an agent what it was granted.',
    body: { schema: grantRequestSchema, required: true },
    answers: {
      201: {
        description: 'The grant; it holds at once.',
        schema: grantSchema,
        headers: ['location'],
        leadsTo: ['readGrant', 'revokeGrant'],
      },
    },
    problems: [...UNISSUABLE, 'delegate_unknown', 'grant_exists'],
  },
  {
    ...of,
    method: 'post',
    path: '/v1/grants/preview',
    id: 'previewGrant',
    summary: 'What a grant would allow, or why it would be refused',
    description: 'Changes nothing. A refusal is an answer here.',
    body: { schema: grantRequestSchema, required: true },
    answers: { 200: { description: 'Allowed or not.', schema: grantPreviewSchema } },
    problems: ['in_person_only'],
  },
  {
    ...of,
    method: 'get',
    path: '/v1/grants',
    id: 'listGrants',
    summary: 'Grants that the caller is a party to, newest first',
    query: grantQuerySchema,
    answers: { 200: { description: 'A page.', schema: pageOf(grantSchema) } },
    problems: ['in_person_only'],
  },
  {
    ...of,
    method: 'get',
    path: '/v1/grants/{id}',
    id: 'readGrant',
    summary: 'One grant with its chain',
    params: id,
    answers: { 200: { description: 'The grant.', schema: grantSchema } },
    problems: ['in_person_only', 'grant_unknown'],
  },
  {
    ...of,
    method: 'post',
    path: '/v1/grants/{id}/revoke',
    id: 'revokeGrant',
    summary: 'Ends a grant and all below it',
    description: 'No later decision anywhere is permitted by it. Again is no change.',
    params: id,
    body: { schema: revokeRequestSchema, required: false },
    answers: { 200: { description: 'The grant, ended.', schema: grantSchema } },
    problems: ['in_person_only', 'grant_unknown', 'conflict'],
  },
] as const satisfies readonly Operation[]

const inviting = { tag: 'Invitations', access: 'administration' } as const

export const INVITATION_OPERATIONS = [
  {
    ...inviting,
    method: 'post',
    path: '/v1/invitations',
    id: 'invite',
    summary: 'Invites somebody, with a grant or without',
    body: { schema: invitationRequestSchema, required: false },
    answers: {
      201: {
        description: 'The invitation; its code is shown here only.',
        schema: invitationSchema,
        leadsTo: ['confirmInvitation', 'withdrawInvitation'],
      },
    },
    problems: UNISSUABLE,
  },
  {
    ...inviting,
    method: 'get',
    path: '/v1/invitations',
    id: 'listInvitations',
    summary: 'Invitations sent and redeemed, newest first',
    answers: { 200: { description: 'All of them.', schema: listOf(invitationSchema) } },
    problems: ['in_person_only'],
  },
  {
    ...inviting,
    method: 'post',
    path: '/v1/invitations/redeem',
    id: 'redeemInvitation',
    summary: 'Redeems a code, once',
    description: 'After ten wrong codes in a minute a caller waits.',
    body: { schema: redeemRequestSchema, required: true },
    answers: { 200: { description: 'The invitation.', schema: invitationSchema } },
    problems: ['in_person_only', 'invitation_unknown', 'conflict'],
  },
  {
    ...inviting,
    method: 'post',
    path: '/v1/invitations/{id}/confirm',
    id: 'confirmInvitation',
    summary: 'Confirms who redeemed it; its grant starts',
    params: id,
    body: { schema: confirmRequestSchema, required: true },
    answers: { 200: { description: 'The invitation.', schema: invitationSchema } },
    problems: [...UNISSUABLE, 'not_found', 'delegate_unknown'],
  },
  {
    ...inviting,
    method: 'delete',
    path: '/v1/invitations/{id}',
    id: 'withdrawInvitation',
    summary: 'Takes an invitation back',
    params: id,
    answers: { 204: { description: 'It is withdrawn.' } },
    problems: ['in_person_only', 'not_found', 'conflict'],
  },
] as const satisfies readonly Operation[]
