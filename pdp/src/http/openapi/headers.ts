/**
 * Headers of requests and answers, described once.
 *
 * @module
 */
import type { AnswerHeader } from './operation.ts'

const text = { type: 'string' } as const

export const PARAMETERS = {
  requestId: {
    name: 'X-Request-ID',
    in: 'header',
    description: 'Comes back as it was sent (AuthZEN 1.0, section 10.1.3).',
    schema: text,
  },
  timeoutMs: {
    name: 'Mandate-Timeout-Ms',
    in: 'header',
    description: 'How long the caller still waits, in milliseconds; what cannot be decided by then is 503.',
    schema: { type: 'string', pattern: '^[1-9][0-9]{0,5}$' },
  },
  idempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Such as a UUID. The same request with it happens once and is answered alike, for 24 hours.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{16,255}$' },
  },
} as const

export const HEADERS = {
  requestId: { description: 'The one that was sent, or one of ours.', required: true, schema: text },
  evaluationId: {
    description: 'Id of the entry in the decision log.',
    required: true,
    schema: { type: 'string', pattern: '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' },
  },
  location: { description: 'Path of what was created.', required: true, schema: text },
  allow: { description: 'The methods that this address takes.', required: true, schema: text },
  retryAfter: { description: 'In seconds.', required: true, schema: { type: 'integer', minimum: 0 } },
  challenge: {
    description: 'RFC 6750, section 3.',
    required: true,
    schema: { type: 'string', pattern: '^Bearer realm=' },
  },
  replayed: { description: 'Present when an earlier answer is repeated.', schema: { const: 'true' } },
  total: { description: 'How many entries there are.', required: true, schema: { type: 'integer', minimum: 0 } },
  cacheControl: { description: 'RFC 9111.', required: true, schema: { type: 'string', pattern: 'max-age=' } },
} as const satisfies Record<AnswerHeader | 'requestId', object>

const NAMES: Readonly<Record<AnswerHeader | 'requestId', string>> = {
  requestId: 'X-Request-ID',
  evaluationId: 'X-Evaluation-ID',
  location: 'Location',
  allow: 'Allow',
  retryAfter: 'Retry-After',
  challenge: 'WWW-Authenticate',
  replayed: 'Idempotent-Replayed',
  cacheControl: 'Cache-Control',
  total: 'X-Total-Count',
}

export const headerRef = (names: readonly (AnswerHeader | 'requestId')[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(names.map((name) => [NAMES[name], { $ref: `#/components/headers/${name}` }]))
