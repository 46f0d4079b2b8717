/**
 * The AuthZEN routes and those that need no token, described.
 *
 * @module
 */
import {
  actionSearchSchema,
  actionsFoundSchema,
  entitiesFoundSchema,
  evaluationAnswerSchema,
  evaluationRequestSchema,
  evaluationsAnswerSchema,
  evaluationsRequestSchema,
  metadataSchema,
  resourceSearchSchema,
  subjectSearchSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import { PARTS } from '../readiness.ts'
import type { Operation } from './operation.ts'

/** Without items a batch is a single evaluation. */
const WITHOUT_ITEMS = {
  anyOf: [
    { required: ['evaluations'], properties: { evaluations: { minItems: 1 } } },
    { $ref: '#/components/schemas/EvaluationRequest' },
  ],
}
const search = (what: string, section: string) =>
  ({
    method: 'post',
    path: `/access/v1/search/${what}`,
    tag: 'AuthZEN',
    access: 'asking',
    description: `AuthZEN 1.0, section ${section}. Complete, or marked with a token for the rest; each page leaves one entry. A type, id or action that nobody knows finds nothing.`,
  }) as const

export const AUTHZEN_OPERATIONS = [
  {
    method: 'post',
    path: '/access/v1/evaluation',
    id: 'evaluate',
    tag: 'AuthZEN',
    access: 'asking',
    summary: 'May they do this?',
    description: 'AuthZEN 1.0, section 6. A denial is 200 with `decision: false`; nothing is answered unrecorded.',
    body: { schema: evaluationRequestSchema, required: true },
    answers: {
      200: { description: 'The decision, explained.', schema: evaluationAnswerSchema, headers: ['evaluationId'] },
    },
  },
  {
    method: 'post',
    path: '/access/v1/evaluations',
    id: 'evaluateAll',
    tag: 'AuthZEN',
    access: 'asking',
    summary: 'Many questions at once',
    description:
      'AuthZEN 1.0, section 7. At most 1 MiB. An item replaces a default whole; one that is malformed or cannot be decided is `false` with its error. Without items it is a single evaluation.',
    body: { schema: evaluationsRequestSchema, required: true, also: WITHOUT_ITEMS },
    answers: {
      200: {
        description: 'A decision for each item; of a request without items the one decision.',
        schema: z.union([evaluationsAnswerSchema, evaluationAnswerSchema]),
      },
    },
  },
  {
    ...search('subject', '8.4'),
    id: 'searchSubjects',
    summary: 'Who may do this?',
    body: { schema: subjectSearchSchema, required: true },
    answers: { 200: { description: 'Subjects of the type.', schema: entitiesFoundSchema, headers: ['evaluationId'] } },
  },
  {
    ...search('resource', '8.5'),
    id: 'searchResources',
    summary: 'To what may they do this?',
    body: { schema: resourceSearchSchema, required: true },
    answers: { 200: { description: 'Resources of the type.', schema: entitiesFoundSchema, headers: ['evaluationId'] } },
  },
  {
    ...search('action', '8.6'),
    id: 'searchActions',
    summary: 'What may they do?',
    body: { schema: actionSearchSchema, required: true },
    answers: { 200: { description: 'Actions.', schema: actionsFoundSchema, headers: ['evaluationId'] } },
  },
] as const satisfies readonly Operation[]

/** Public members only. */
const jwksSchema = z.strictObject({
  keys: z.array(
    z.strictObject({
      kty: z.enum(['EC', 'OKP']),
      crv: z.enum(['P-256', 'Ed25519']),
      x: z.string(),
      y: z.string().optional(),
      kid: z.string().describe('RFC 7638.'),
      alg: z.enum(['ES256', 'EdDSA']),
      use: z.literal('sig'),
    }),
  ),
})

const state = (text: string) => z.strictObject({ status: z.literal(text) })
const readiness = (text: string) =>
  state(text).extend({ missing: z.array(z.enum(PARTS)).describe('What does not work.') })

/** No token, no limit: these are asked by machines that watch, and before anybody can sign in. */
export const OPEN_OPERATIONS = [
  {
    method: 'get',
    path: '/.well-known/authzen-configuration',
    id: 'metadata',
    tag: 'AuthZEN',
    access: 'open',
    summary: 'Where the endpoints are',
    description:
      'AuthZEN 1.0, section 9. Where the identifier has a path, that path follows this one. From configuration, never from a header. Signed where the PDP has a key for it; the `iss` of `signed_metadata` is `policy_decision_point`.',
    answers: { 200: { description: 'The metadata.', schema: metadataSchema, headers: ['cacheControl'] } },
  },
  {
    method: 'get',
    path: '/.well-known/jwks.json',
    id: 'metadataKeys',
    tag: 'AuthZEN',
    access: 'open',
    summary: 'The key that the metadata are signed with',
    answers: {
      200: { description: 'A JWK Set (RFC 7517).', schema: jwksSchema, headers: ['cacheControl'] },
    },
    problems: ['not_found'],
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'openapi',
    tag: 'Operations',
    access: 'open',
    summary: 'This document',
    answers: {
      200: {
        description: 'OpenAPI 3.1.',
        schema: z.looseObject({ openapi: z.literal('3.1.1'), info: z.looseObject({}), paths: z.looseObject({}) }),
        headers: ['cacheControl'],
      },
    },
  },
  {
    method: 'post',
    path: '/backchannel-logout',
    id: 'endSession',
    tag: 'Operations',
    access: 'limited',
    summary: 'Ends a session, for the identity provider',
    description:
      'OpenID Connect Back-Channel Logout 1.0: a logout token for one of the interactive clients. With a sid it ends that session, without one all of the sub’s. From then on the session’s tokens are refused, streams opened with them end, and what names it in subject.properties.sid is denied session_ended; all of a person’s: what names any session in a token that was not issued since (subject.properties.iat).',
    body: { schema: z.object({ logout_token: z.string() }), required: true, form: true },
    answers: { 200: { description: 'It has ended. Again is no change.' } },
    problems: [
      'invalid_request',
      'payload_too_large',
      'too_many_requests',
      'log_unavailable',
      'clock_unavailable',
      'identity_unavailable',
    ],
  },
  {
    method: 'get',
    path: '/metrics',
    id: 'metrics',
    tag: 'Operations',
    access: 'open',
    summary: 'What the process counts of itself',
    description:
      'Prometheus’ text format. For the operations network: 404 for whoever comes from a public address, or by way of a proxy.',
    answers: { 200: { description: 'Metrics.', text: 'text/plain' } },
    problems: ['not_found'],
  },
  {
    method: 'get',
    path: '/livez',
    id: 'live',
    tag: 'Operations',
    access: 'open',
    summary: 'Does the process answer?',
    answers: { 200: { description: 'It does.', schema: state('alive') } },
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'ready',
    tag: 'Operations',
    access: 'open',
    summary: 'Can decisions be made and recorded now?',
    answers: {
      200: {
        description: 'They can. While `index` is missing the log cannot be searched.',
        schema: readiness('ready'),
      },
      503: {
        description:
          'The relationship store does not answer or has too low limits, the log cannot be written, or the clock jumped.',
        schema: readiness('not ready').extend({
          mend: z.array(z.string()).optional().describe('What to do, in words for operators, where it is known.'),
        }),
      },
    },
  },
] as const satisfies readonly Operation[]
