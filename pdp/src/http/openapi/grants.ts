/**
 * Operations on grants and invitations.
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

/** Schema of one page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), next_cursor: pageTokenSchema.optional() })
/** Schema of an unpaged list. */
export const listOf = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item) })

/** Problems of issuing a grant (rules C1 to C6). */
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
    summary: 'Issues a grant, or redelegates one',
    description: 'The caller is the owner or a delegate in person, or an agent that redelegates its own grant.',
    body: { schema: grantRequestSchema, required: true },
    answers: {
      201: {
        description: 'The grant, in effect at once.',
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
    summary: 'Previews a grant: what it would allow, or why it would be refused',
    description: 'Changes nothing. A refusal is returned with 200.',
    body: { schema: grantRequestSchema, required: true },
    answers: { 200: { description: 'Whether the grant would be issued.', schema: grantPreviewSchema } },
    problems: ['in_person_only'],
  },
  {
    ...of,
    method: 'get',
    path: '/v1/grants',
    id: 'listGrants',
    summary: 'Lists the grants that the caller is a party to, newest first',
    query: grantQuerySchema,
    answers: { 200: { description: 'A page.', schema: pageOf(grantSchema) } },
    problems: ['in_person_only'],
  },
  {
    ...of,
    method: 'get',
    path: '/v1/grants/{id}',
    id: 'readGrant',
    summary: 'Reads one grant with its chain',
    params: id,
    answers: { 200: { description: 'The grant.', schema: grantSchema } },
    problems: ['in_person_only', 'grant_unknown'],
  },
  {
    ...of,
    method: 'post',
    path: '/v1/grants/{id}/revoke',
    id: 'revokeGrant',
    summary: 'Revokes a grant and every grant derived from it',
    description: 'No later decision is permitted by these grants. Repeating the request changes nothing.',
    params: id,
    body: { schema: revokeRequestSchema, required: false },
    answers: { 200: { description: 'The revoked grant.', schema: grantSchema } },
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
    summary: 'Creates an invitation, with or without a grant',
    body: { schema: invitationRequestSchema, required: false },
    answers: {
      201: {
        description: 'The invitation. Its code is returned only here.',
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
    summary: 'Lists the caller’s invitations, sent and redeemed, newest first',
    answers: { 200: { description: 'The complete list.', schema: listOf(invitationSchema) } },
    problems: ['in_person_only'],
  },
  {
    ...inviting,
    method: 'post',
    path: '/v1/invitations/redeem',
    id: 'redeemInvitation',
    summary: 'Redeems an invitation code; each code works once',
    description: 'After ten wrong codes within a minute the caller is answered 429 for a while.',
    body: { schema: redeemRequestSchema, required: true },
    answers: { 200: { description: 'The invitation.', schema: invitationSchema } },
    problems: ['in_person_only', 'invitation_unknown', 'conflict'],
  },
  {
    ...inviting,
    method: 'post',
    path: '/v1/invitations/{id}/confirm',
    id: 'confirmInvitation',
    summary: 'Confirms the person who redeemed an invitation; its grant takes effect',
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
    summary: 'Withdraws an invitation',
    params: id,
    answers: { 204: { description: 'Withdrawn.' } },
    problems: ['in_person_only', 'not_found', 'conflict'],
  },
] as const satisfies readonly Operation[]
