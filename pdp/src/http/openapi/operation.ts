/**
 * What one route takes and answers, as data. The OpenAPI document is written from it, and so is the 405 for every other method; a test holds
 * it against the routes that there are. It never answers anything itself.
 *
 * @module
 */
import { PROBLEMS, type ProblemCode } from '@mandate/protocol'
import type { z } from 'zod'

export const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const
export type Method = (typeof METHODS)[number]

/** Headers of answers, by the names under which the document describes them. */
export type AnswerHeader =
  | 'evaluationId'
  | 'location'
  | 'allow'
  | 'retryAfter'
  | 'challenge'
  | 'replayed'
  | 'cacheControl'
  | 'total'

/** Of answers that are not JSON. */
export type TextType =
  | 'text/plain'
  | 'text/csv'
  | 'text/event-stream'
  | 'application/jsonl'
  | 'application/octet-stream'

/** What an answer without a problem holds: JSON by a schema, a text, or nothing. */
export interface Answer {
  readonly description: string
  readonly schema?: z.ZodType
  readonly text?: TextType | readonly TextType[]
  readonly headers?: readonly AnswerHeader[]
  /** Operations whose `{id}` is the `id` of this answer. */
  readonly leadsTo?: readonly string[]
}

/**
 * Who may call an operation, and what stands before its handler. `open`: no token, no limit. `limited`: no token, limits by address. `asking`:
 * AuthZEN, API keys too. `reading`: any caller but API keys. `administration`: likewise, with a JSON body and `Idempotency-Key`.
 */
export type Access = 'open' | 'limited' | 'asking' | 'reading' | 'administration'

export interface Operation {
  readonly method: Method
  /** As OpenAPI writes it: `/v1/grants/{id}`. */
  readonly path: `/${string}`
  readonly id: string
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  /** By the names in the path. */
  readonly params?: Readonly<Record<string, z.ZodType>>
  readonly query?: z.ZodObject
  readonly body?: RequestBody
  readonly answers: Readonly<Record<number, Answer>>
  /** Beside those that every operation with this access can answer with. */
  readonly problems?: readonly ProblemCode[]
  readonly access: Access
}

export interface RequestBody {
  readonly schema: z.ZodType
  readonly required: boolean
  /** A form, and not JSON. */
  readonly form?: true
  /** What the route checks beyond the schema, as a JSON Schema that holds as well. */
  readonly also?: Readonly<Record<string, unknown>>
}

/** Sections of the document, in their order. */
export const TAGS = {
  AuthZEN:
    'Decisions and searches: AuthZEN Authorization API 1.0 (https://openid.net/specs/authorization-api-1_0.html).',
  Grants: 'Who may do what for whom.',
  Invitations: 'How two people who do not know each other’s ids come to be delegator and delegate.',
  Personas: 'In what capacity a person acts, and what they let agents do without them.',
  Agents: 'Registered by operators.',
  Resources: 'Registered by the domain service of the type.',
  Keys: 'For callers without OIDC.',
  Policies: 'What domains allow, and the facts of those whose own model decides.',
  Subjects: 'Export and erasure of a person.',
  Log: 'The decision log.',
  Operations: 'For whoever runs the PDP.',
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

/** Whether a repeated request is answered as the first one was. */
export const isIdempotent = ({ access, method }: Operation): boolean =>
  access === 'administration' && ['post', 'put', 'patch'].includes(method)

/** Every problem that an operation can answer with, by status, ascending. */
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
