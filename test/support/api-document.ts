/**
 * `docs/api.md`, generated from the operations and schemas that the PDP's routes and its OpenAPI document are made of. To generate it again:
 * `npx vitest run --project unit test/unit/api-document.test.ts -u`.
 *
 * @module
 */
import { OPERATIONS, type Operation, problemsOf } from '@mandate/pdp'
import { z } from 'zod'
import { API_EXAMPLES } from './api-examples.ts'

const INTRODUCTION = `# API reference

Generated from the operations of the PDP; a test compares it with them. The same as OpenAPI 3.1, for clients and generators: \`GET /openapi.json\`. Who may
call which operation: [permissions.md](permissions.md). Codes of reasons and problems: [reasons.md](reasons.md).

- **Token**: \`Authorization: Bearer …\`, an access token (RFC 9068) for the audience of the PDP; for AuthZEN also an API key (\`mk_…\`).
- **Units**: instants are RFC 3339; money is in minor units of its ISO 4217 currency; an instant's limit is in seconds from now.
- **Bodies** are UTF-8 JSON of at most 64 KiB (a batch: 1 MiB). Unknown members are ignored in AuthZEN requests, and refused in all others.
- **Errors** are \`application/problem+json\` (RFC 9457) with a \`code\`. 429 and 503 carry \`Retry-After\`.
- **Repeating** a POST, PUT or PATCH of administration: send \`Idempotency-Key\`; the same key with the same body gets the same answer.
`

type JsonSchema = {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly default?: unknown
  readonly $ref?: string
  readonly additionalProperties?: unknown
}

/** Generates the document. */
export function apiDocument(): string {
  const byTag = Map.groupBy(OPERATIONS, ({ tag }) => tag)
  const contents = [...byTag].map(([tag, operations]) => {
    const links = operations.map(
      ({ id, method, path }) => `[\`${method.toUpperCase()} ${path}\`](#${id.toLowerCase()})`,
    )
    return `- **${tag}**: ${links.join(', ')}`
  })
  const sections = [...byTag].flatMap(([tag, operations]) => [`## ${tag}`, ...operations.map(sectionOf)])
  return `${[INTRODUCTION, contents.join('\n'), ...sections].join('\n\n').replaceAll(/\n{3,}/gu, '\n\n')}\n`
}

function sectionOf(operation: Operation): string {
  const { id, method, path, summary, description, body, answers } = operation
  return [
    `### ${id}`,
    `\`${method.toUpperCase()} ${path}\`: ${summary}.`,
    description ?? '',
    ...parametersOf(operation),
    ...bodyOf(body),
    ...Object.entries(answers).map(([status, { description: text }]) => `**${status}** ${text}`),
    problemsLine(operation),
    ...exampleOf(operation),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function bodyOf(body: Operation['body']): readonly string[] {
  if (!body) return []
  const title = body.required ? 'Body' : 'Body (optional)'
  if (body.text) return [`${title}: \`${body.text}\`. ${body.schema.description ?? ''}`.trim()]
  return [`${title}:`, membersOf(body.schema)]
}

function parametersOf({ params, query }: Operation): readonly string[] {
  const names = Object.keys(params ?? {})
  return [
    ...(names.length > 0 ? [`Path: ${names.map((name) => `\`${name}\``).join(', ')}`] : []),
    ...(query ? ['Query:', membersOf(query)] : []),
  ]
}

function problemsLine(operation: Operation): string {
  const all = [...problemsOf(operation)].map(
    ([status, codes]) => `${status} ${codes.map((code) => `\`${code}\``).join(' ')}`,
  )
  return `Problems: ${all.join(' · ')}`
}

/** A table of the members of a JSON object; of a union, of each form. */
function membersOf(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema & {
    readonly $defs?: Readonly<Record<string, JsonSchema>>
  }
  const resolve = (one: JsonSchema): JsonSchema => {
    const target = one.$ref === undefined ? undefined : json.$defs?.[one.$ref.replace('#/$defs/', '')]
    return target ? resolve({ ...target, ...(one.description ? { description: one.description } : {}) }) : one
  }
  const forms = formsOf(resolve(json)).map(resolve)
  return forms.map((form) => tableOf(form, resolve)).join('\n\nor\n\n')
}

const formsOf = (schema: JsonSchema): readonly JsonSchema[] => schema.anyOf ?? schema.oneOf ?? [schema]

function tableOf({ properties = {}, required = [] }: JsonSchema, resolve: (one: JsonSchema) => JsonSchema): string {
  const rows = Object.entries(properties).map(([name, member]) => {
    const resolved = resolve(member)
    const needed = required.includes(name) ? 'yes' : ''
    return `| \`${name}\` | ${typeOf(resolved, resolve)} | ${needed} | ${cell(textOf(resolved))} |`
  })
  if (rows.length === 0) return 'An object without members of its own.'
  return ['| member | type | required | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function textOf({ description = '', default: fallback }: JsonSchema): string {
  const shown = fallback === undefined ? '' : ` Default \`${JSON.stringify(fallback)}\`.`
  return `${description}${shown}`.trim()
}

function typeOf(schema: JsonSchema, resolve: (one: JsonSchema) => JsonSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  const forms = schema.anyOf ?? schema.oneOf
  if (forms) return [...new Set(forms.map((form) => typeOf(resolve(form), resolve)))].join(' or ')
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(resolve(schema.items), resolve) : 'any'}`
  if (schema.type === 'object') {
    const names = Object.keys(schema.properties ?? {})
    return names.length > 0 ? `object: ${names.map((name) => `\`${name}\``).join(', ')}` : 'object'
  }
  return [schema.type ?? 'any'].flat().join(' or ')
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function exampleOf({ id, method, path, body }: Operation): readonly string[] {
  const example = API_EXAMPLES[id]
  if (!example) return []
  const { request, query, response } = example
  const line = `${method.toUpperCase()} ${path}${query === undefined ? '' : `?${query}`}`
  const sent =
    request === undefined || !body
      ? line
      : `${line}\n\n${typeof request === 'string' ? request : JSON.stringify(request, undefined, 2)}`
  return [
    'Example:',
    `\`\`\`http\n${sent}\n\`\`\``,
    ...(response === undefined ? [] : [`\`\`\`json\n${JSON.stringify(response, undefined, 2)}\n\`\`\``]),
  ]
}
