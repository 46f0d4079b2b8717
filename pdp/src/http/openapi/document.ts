/**
 * Builds the OpenAPI 3.1 document from the operations and from the zod schemas that requests are parsed with.
 *
 * @see {@link https://spec.openapis.org/oas/v3.1.1.html OpenAPI 3.1.1}
 * @module
 */

import { PROBLEMS, type ProblemCode, problemSchema } from '@mandate/protocol'
import type { z } from 'zod'
import packageJson from '../../../package.json' with { type: 'json' }
import { HEADERS, headerRef, PARAMETERS } from './headers.ts'
import { isIdempotent, isWithoutToken, type Operation, problemsOf, type SuccessResponse, TAGS } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { Schemas } from './schemas.ts'

type Json = Readonly<Record<string, unknown>>

/** Node's HTTP server sends it before the PDP sees the request (RFC 6585, section 5). */
const HEADERS_TOO_LARGE: Json = {
  description: 'Request line and headers take more than 16 KiB, such as by a long query. Sent without a body.',
}

const JSON_TYPE = 'application/json'
const PROBLEM_TYPE = 'application/problem+json'

/** Builds the document. @param publicUrl - Base URL at which callers reach the PDP. */
export function openApiDocument(publicUrl: string): Json {
  const schemas = new Schemas()
  const paths: Record<string, Record<string, Json>> = {}
  for (const operation of OPERATIONS)
    paths[operation.path] = { ...paths[operation.path], [operation.method]: described(operation, schemas) }
  const responses = Object.fromEntries(sharedProblems().map((code) => [code, problemAnswer([code], schemas)]))
  return {
    openapi: '3.1.1',
    info: {
      title: 'Mandate PDP',
      version: packageJson.version,
      description:
        'Delegation-aware authorization. Instants are RFC 3339, money is in minor units of its ISO 4217 currency, lead times are in seconds. Bodies are UTF-8 JSON of at most 64 KiB and 32 levels, without duplicate members in an object. Unknown members are ignored in AuthZEN requests and rejected in all others. Every response that is not 2xx is a problem of RFC 9457, except 400 of `/v1/signals` (RFC 8935); clients may rely on its `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: publicUrl }],
    security: [{ token: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'An access token (RFC 9068) for the audience of the PDP; for AuthZEN also an API key (`mk_…`).',
        },
      },
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: { ...responses, headersTooLarge: HEADERS_TOO_LARGE },
      schemas: schemas.components(),
    },
  }
}

function described(operation: Operation, schemas: Schemas): Json {
  const { id, tag, summary, description, params = {}, query, body, answers, access } = operation
  const parameters = [
    ...Object.entries(params).map(([name, schema]) => parameter('path', name, schemas.input(schema), true)),
    ...queryParameters(query, schemas),
    { $ref: '#/components/parameters/requestId' },
    ...(operation.access === 'asking' ? [{ $ref: '#/components/parameters/timeoutMs' }] : []),
    ...(isIdempotent(operation) ? [{ $ref: '#/components/parameters/idempotencyKey' }] : []),
  ]
  const responses: Record<string, Json> = { 431: { $ref: '#/components/responses/headersTooLarge' } }
  for (const [status, codes] of problemsOf(operation))
    responses[status] = codes.length === 1 ? problemRef(codes) : problemAnswer(codes, schemas)
  for (const [status, answer] of Object.entries(answers)) responses[status] = goodAnswer(answer, operation, schemas)
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    ...(isWithoutToken(access) ? { security: [] } : {}),
    parameters,
    ...(body ? { requestBody: requestBody(body, schemas) } : {}),
    responses,
  }
}

function requestBody({ schema, required, also, form, text }: NonNullable<Operation['body']>, schemas: Schemas): Json {
  const read = schemas.input(schema)
  return {
    required,
    content: {
      [text ?? (form ? 'application/x-www-form-urlencoded' : JSON_TYPE)]: {
        schema: also ? { allOf: [read, also] } : read,
      },
    },
  }
}

function queryParameters(query: z.ZodObject | undefined, schemas: Schemas): readonly Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, field]) => {
    const schema = field as z.ZodType
    return parameter('query', name, schemas.input(schema), !schema.safeParse(undefined).success)
  })
}

/** Builds a parameter. Moves the schema's description to the parameter, where tools display it. */
function parameter(place: 'path' | 'query', name: string, { description, ...schema }: Json, isRequired: boolean): Json {
  return {
    name,
    in: place,
    ...(isRequired ? { required: true } : {}),
    ...(description ? { description } : {}),
    schema,
  }
}

function goodAnswer(
  { description, schema, text, headers = [], leadsTo = [] }: SuccessResponse,
  operation: Operation,
  schemas: Schemas,
): Json {
  const names = [...headers, ...(isIdempotent(operation) && schema ? (['replayed'] as const) : [])]
  const content = schema
    ? { [JSON_TYPE]: { schema: schemas.output(schema) } }
    : text && Object.fromEntries([text].flat().map((type) => [type, { schema: { type: 'string' } }]))
  return {
    description,
    headers: headerRef(['requestId', ...names]),
    ...(content ? { content } : {}),
    ...(leadsTo.length > 0 ? { links: linksTo(leadsTo) } : {}),
  }
}

const linksTo = (ids: readonly string[]): Json =>
  Object.fromEntries(ids.map((operationId) => [operationId, { operationId, parameters: { id: '$response.body#/id' } }]))

/** Codes that are the only one of their status in some operation: each becomes a shared component. */
function sharedProblems(): readonly ProblemCode[] {
  const alone = OPERATIONS.flatMap((operation) =>
    [...problemsOf(operation).values()].filter(({ length }) => length === 1),
  )
  return [...new Set(alone.flat())].sort()
}

const problemRef = ([code]: readonly ProblemCode[]): Json => ({ $ref: `#/components/responses/${code}` })

/** Builds the response of a status. @param codes - Every problem code of that status. */
function problemAnswer(codes: readonly ProblemCode[], schemas: Schemas): Json {
  const status = codes[0] && PROBLEMS[codes[0]].status
  const headers =
    status === 401 ? (['challenge'] as const) : status === 429 || status === 503 ? (['retryAfter'] as const) : []
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('\n\n'),
    headers: headerRef(['requestId', ...headers]),
    content: {
      [PROBLEM_TYPE]: {
        schema: {
          allOf: [
            schemas.output(problemSchema),
            { required: ['request_id'], properties: { status: { const: status }, code: { enum: codes } } },
          ],
        },
      },
    },
  }
}
