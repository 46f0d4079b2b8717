/**
 * Type of an operation: request, responses and access of one route, as data. The OpenAPI document, the mounting of handlers and the 405 for other
 * methods are derived from it.
 *
 * @module
 */
import { PROBLEMS, type ProblemCode } from '@mandate/protocol'
import type { z } from 'zod'

export const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const
export type Method = (typeof METHODS)[number]

/** Response headers, by their names in `components.headers`. */
export type ResponseHeader =
  | 'evaluationId'
  | 'location'
  | 'allow'
  | 'retryAfter'
  | 'challenge'
  | 'replayed'
  | 'cacheControl'
  | 'total'

/** Media types of responses that are not JSON. */
export type TextType =
  | 'text/plain'
  | 'text/csv'
  | 'text/event-stream'
  | 'application/jsonl'
  | 'application/octet-stream'

/** A successful response: JSON by `schema`, text of a media type, or no body. */
export interface SuccessResponse {
  readonly description: string
  readonly schema?: z.ZodType
  readonly text?: TextType | readonly TextType[]
  readonly headers?: readonly ResponseHeader[]
  /** Ids of operations whose `{id}` is the `id` of this response (OpenAPI links). */
  readonly leadsTo?: readonly string[]
}

/**
 * Class of callers and middleware of an operation. `open`: no token, no limit. `limited`: no token, rate limit by address. `asking`: AuthZEN,
 * with a token or an API key. `reading`: with a token. `administration`: with a token, a JSON body and `Idempotency-Key`.
 */
export type Access = 'open' | 'limited' | 'asking' | 'reading' | 'administration'

/** One route: what it takes, what it answers with, and which callers it is for. `path` and `id` are those of the OpenAPI document. */
export interface Operation {
  readonly method: Method
  /** Path template of OpenAPI: `/v1/grants/{id}`. */
  readonly path: `/${string}`
  readonly id: string
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  /** Path parameters, by name. */
  readonly params?: Readonly<Record<string, z.ZodType>>
  readonly query?: z.ZodObject
  readonly body?: RequestBody
  readonly answers: Readonly<Record<number, SuccessResponse>>
  /** Problem codes in addition to those of the access class. */
  readonly problems?: readonly ProblemCode[]
  readonly access: Access
}

export interface RequestBody {
  readonly schema: z.ZodType
  readonly required: boolean
  /** `application/x-www-form-urlencoded` instead of JSON. */
  readonly form?: true
  /** Another media type instead of JSON, whose body is text. */
  readonly text?: 'application/secevent+jwt'
  /** Further checks of the route, as a JSON Schema in addition to `schema`. */
  readonly also?: Readonly<Record<string, unknown>>
}

/** Tags of the document with their descriptions, in order. */
export const TAGS = {
  AuthZEN:
    'Decisions and searches: AuthZEN Authorization API 1.0 (https://openid.net/specs/authorization-api-1_0.html).',
  Grants: 'Delegations from one subject to another.',
  Invitations: 'Establish a delegation between two people who do not know each other’s ids.',
  Personas: 'Roles in which a person acts, with their settings for agents.',
  Agents: 'Agents, registered by operators.',
  Services: 'Domain services, registered by the configuration of the PDP.',
  Resources: 'Resources, registered by the domain service of their type.',
  Keys: 'API keys, for callers without OIDC.',
  Policies: 'Policies of the domains, and relationship facts of domains with their own model.',
  Subjects: 'Export and erasure of a person.',
  Log: 'The decision log.',
  Operations: 'Health, metrics, discovery and logout.',
} as const satisfies Record<string, string>
export type Tag = keyof typeof TAGS

const SIGNED_IN: readonly ProblemCode[] = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'too_many_requests',
  'internal',
  'relations_unavailable',
  'log_unavailable',
  'clock_unavailable',
  'identity_unavailable',
]
const PROBLEMS_BY_ACCESS: Readonly<Record<Access, readonly ProblemCode[]>> = {
  open: ['internal'],
  limited: ['internal'],
  asking: [...SIGNED_IN, 'payload_too_large'],
  reading: SIGNED_IN,
  administration: [...SIGNED_IN, 'payload_too_large'],
}

export const isWithoutToken = (access: Access): boolean => access === 'open' || access === 'limited'

/** Whether the operation takes an `Idempotency-Key`. */
export const isIdempotent = ({ access, method }: Operation): boolean =>
  access === 'administration' && ['post', 'put', 'patch'].includes(method)

/** Groups every problem code of an operation by status, ascending. */
export function problemsOf(operation: Operation): ReadonlyMap<number, readonly ProblemCode[]> {
  const codes = new Set<ProblemCode>([...PROBLEMS_BY_ACCESS[operation.access], ...(operation.problems ?? [])])
  if (isIdempotent(operation)) codes.add('idempotency_key_reused')
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of [...codes].sort((a, b) => PROBLEMS[a].status - PROBLEMS[b].status)) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return byStatus
}
