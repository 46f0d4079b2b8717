/**
 * Operations of AuthZEN, and operations that need no token.
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
import { DELIVERY_ERRORS } from '@mandate/service'
import { z } from 'zod'
import { PARTS } from '../readiness.ts'
import type { Operation } from './operation.ts'

/** A batch without items must be a valid single evaluation. */
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
    description: `AuthZEN 1.0, section ${section}. The results are complete, or come with a token for the next page. Each page is recorded as one log entry. An unknown type, id or action finds nothing.`,
  }) as const

export const AUTHZEN_OPERATIONS = [
  {
    method: 'post',
    path: '/access/v1/evaluation',
    id: 'evaluate',
    tag: 'AuthZEN',
    access: 'asking',
    summary: 'Evaluates one access request',
    description:
      'AuthZEN 1.0, section 6. A denial is 200 with `decision: false`. Every decision is recorded before it is returned.',
    body: { schema: evaluationRequestSchema, required: true },
    answers: {
      200: { description: 'The decision with its reasons.', schema: evaluationAnswerSchema, headers: ['evaluationId'] },
    },
  },
  {
    method: 'post',
    path: '/access/v1/evaluations',
    id: 'evaluateAll',
    tag: 'AuthZEN',
    access: 'asking',
    summary: 'Evaluates several access requests',
    description:
      'AuthZEN 1.0, section 7. At most 1 MiB. A member of an item replaces the default of that name as a whole. An item that is malformed or cannot be decided has `decision: false` and its error. A request without items is a single evaluation.',
    body: { schema: evaluationsRequestSchema, required: true, also: WITHOUT_ITEMS },
    answers: {
      200: {
        description: 'A decision for each item; for a request without items, one decision.',
        schema: z.union([evaluationsAnswerSchema, evaluationAnswerSchema]),
      },
    },
  },
  {
    ...search('subject', '8.4'),
    id: 'searchSubjects',
    summary: 'Searches the subjects that may perform an action on a resource',
    body: { schema: subjectSearchSchema, required: true },
    answers: {
      200: { description: 'Permitted subjects of the type.', schema: entitiesFoundSchema, headers: ['evaluationId'] },
    },
  },
  {
    ...search('resource', '8.5'),
    id: 'searchResources',
    summary: 'Searches the resources on which a subject may perform an action',
    body: { schema: resourceSearchSchema, required: true },
    answers: {
      200: { description: 'Permitted resources of the type.', schema: entitiesFoundSchema, headers: ['evaluationId'] },
    },
  },
  {
    ...search('action', '8.6'),
    id: 'searchActions',
    summary: 'Searches the actions that a subject may perform on a resource',
    body: { schema: actionSearchSchema, required: true },
    answers: { 200: { description: 'Permitted actions.', schema: actionsFoundSchema, headers: ['evaluationId'] } },
  },
] as const satisfies readonly Operation[]

/** A JWK Set with the members of public keys only. */
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
  state(text).extend({ missing: z.array(z.enum(PARTS)).describe('Parts of the PDP that do not work.') })

/** Operations without a token: for monitoring, and for discovery before a client can sign in. */
export const OPEN_OPERATIONS = [
  {
    method: 'get',
    path: '/.well-known/authzen-configuration',
    id: 'metadata',
    tag: 'AuthZEN',
    access: 'open',
    summary: 'Metadata of the PDP: its endpoints',
    description:
      'AuthZEN 1.0, section 9. Where the PDP’s identifier has a path, that path is appended to this one. The content comes from configuration, never from a request header. Signed when the PDP has a metadata key; the `iss` of `signed_metadata` is `policy_decision_point`.',
    answers: { 200: { description: 'The metadata.', schema: metadataSchema, headers: ['cacheControl'] } },
  },
  {
    method: 'get',
    path: '/.well-known/jwks.json',
    id: 'metadataKeys',
    tag: 'AuthZEN',
    access: 'open',
    summary: 'Public key of the signed metadata',
    answers: {
      200: { description: 'A JWK Set (RFC 7517).', schema: jwksSchema, headers: ['cacheControl'] },
    },
    problems: ['not_found'],
  },
  {
    method: 'get',
    path: '/.well-known/ssf-configuration',
    id: 'ssfConfiguration',
    tag: 'Operations',
    access: 'open',
    summary: 'Transmitter configuration of events about grants',
    description:
      'OpenID Shared Signals Framework 1.0, section 7. Off, thus 404, unless the PDP has receivers (`PDP_SIGNAL_RECEIVERS`), which the operator configures: there is no endpoint for streams. Where the PDP’s identifier has a path, that path is appended to this one.',
    answers: {
      200: {
        description: 'The configuration.',
        schema: z.strictObject({
          spec_version: z.literal('1_0'),
          issuer: z.string().describe('`iss` of the events.'),
          jwks_uri: z.string(),
          delivery_methods_supported: z.array(z.literal('urn:ietf:rfc:8935')),
          default_subjects: z.literal('ALL'),
        }),
        headers: ['cacheControl'],
      },
    },
    problems: ['not_found'],
  },
  {
    method: 'get',
    path: '/v1/signals/keys',
    id: 'signalKeys',
    tag: 'Operations',
    access: 'open',
    summary: 'Public keys of the events about grants',
    description: 'The key that signs first, then keys that did or will. 404 while no events are sent.',
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
    summary: 'Back-channel logout, called by the identity provider',
    description:
      'OpenID Connect Back-Channel Logout 1.0: takes a logout token for an interactive client. With `sid` it ends that session, without `sid` every session of `sub`. From then on tokens of the session are rejected, streams opened with them end, and evaluations that name it in `subject.properties.sid` are denied with `session_ended`. When every session of a person ends, evaluations that name any session are denied unless `subject.properties.iat` is later than the logout.',
    body: { schema: z.object({ logout_token: z.string() }), required: true, form: true },
    answers: { 200: { description: 'The session has ended. Repeating the request changes nothing.' } },
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
    method: 'post',
    path: '/v1/signals',
    id: 'receiveSignal',
    tag: 'Operations',
    access: 'limited',
    summary: 'Security events, called by a transmitter of shared signals',
    description:
      'Push delivery (RFC 8935) of a Security Event Token (RFC 8417) of OpenID Shared Signals Framework 1.0. Off, thus 404, unless the PDP has transmitters (`PDP_SIGNALS`), whose bearer or client certificate authenticates them. Carries out `session-revoked` and `credential-change` of CAEP 1.0, `account-disabled`, `account-purged` and `account-enabled` of RISC 1.0; accepts `verification` and `stream-updated`; accepts and ignores all others. A SET that was carried out before is accepted again and changes nothing.',
    body: {
      schema: z.string().describe('One SET as a compact JWS.'),
      required: true,
      text: 'application/secevent+jwt',
    },
    answers: {
      202: { description: 'Accepted: the sessions have ended. No body.' },
      400: {
        description:
          'Refused (RFC 8935, section 2.3): not a problem document. Delivering the same SET again does not help.',
        schema: z.strictObject({ err: z.enum(DELIVERY_ERRORS), description: z.string() }),
      },
    },
    problems: [
      'not_found',
      'payload_too_large',
      'too_many_requests',
      'relations_unavailable',
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
    summary: 'Metrics of the process',
    description:
      'Prometheus text format. Served on the operations network only: 404 for requests from public addresses and through proxies.',
    answers: { 200: { description: 'Metrics.', text: 'text/plain' } },
    problems: ['not_found'],
  },
  {
    method: 'get',
    path: '/livez',
    id: 'live',
    tag: 'Operations',
    access: 'open',
    summary: 'Liveness: the process answers',
    answers: { 200: { description: 'Alive.', schema: state('alive') } },
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'ready',
    tag: 'Operations',
    access: 'open',
    summary: 'Readiness: decisions can be made and recorded',
    answers: {
      200: {
        description: 'Ready. While `index` is in `missing`, the log cannot be searched.',
        schema: readiness('ready'),
      },
      503: {
        description:
          'Not ready: the relationship store does not answer or its limits are too low, the log cannot be written, the PDPs’ database cannot be read, this PDP cannot use the policies in force, the clock jumped, or the PDP is stopping.',
        schema: readiness('not ready').extend({
          mend: z.array(z.string()).optional().describe('Remedies for operators, where known.'),
        }),
      },
    },
  },
] as const satisfies readonly Operation[]
