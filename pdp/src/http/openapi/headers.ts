/**
 * Headers of requests and responses, for the OpenAPI document.
 *
 * @module
 */
import type { ResponseHeader } from './operation.ts'

const text = { type: 'string' } as const

export const PARAMETERS = {
  requestId: {
    name: 'X-Request-ID',
    in: 'header',
    description: 'Returned unchanged in the response (AuthZEN 1.0, section 10.1.3).',
    schema: text,
  },
  timeoutMs: {
    name: 'Mandate-Timeout-Ms',
    in: 'header',
    description:
      'The caller’s deadline, in milliseconds from now. A decision that is not made by then is answered 503.',
    schema: { type: 'string', pattern: '^[1-9][0-9]{0,5}$' },
  },
  idempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'A unique key such as a UUID. For 24 hours a repeated request with the same key is carried out once and gets the same response.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{16,255}$' },
  },
} as const

export const HEADERS = {
  requestId: { description: 'The request’s `X-Request-ID`, or a generated one.', required: true, schema: text },
  evaluationId: {
    description: 'Id of the entry in the decision log.',
    required: true,
    schema: { type: 'string', pattern: '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' },
  },
  location: { description: 'Path of the created resource.', required: true, schema: text },
  allow: { description: 'Methods that the path supports.', required: true, schema: text },
  retryAfter: { description: 'Seconds after which to retry.', required: true, schema: { type: 'integer', minimum: 0 } },
  challenge: {
    description: 'RFC 6750, section 3.',
    required: true,
    schema: { type: 'string', pattern: '^Bearer realm=' },
  },
  replayed: {
    description: 'Present when the response is replayed for a repeated `Idempotency-Key`.',
    schema: { const: 'true' },
  },
  total: { description: 'Number of entries in the export.', required: true, schema: { type: 'integer', minimum: 0 } },
  cacheControl: { description: 'RFC 9111.', required: true, schema: { type: 'string', pattern: 'max-age=' } },
} as const satisfies Record<ResponseHeader | 'requestId', object>

const NAMES: Readonly<Record<ResponseHeader | 'requestId', string>> = {
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

export const headerRef = (names: readonly (ResponseHeader | 'requestId')[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(names.map((name) => [NAMES[name], { $ref: `#/components/headers/${name}` }]))
