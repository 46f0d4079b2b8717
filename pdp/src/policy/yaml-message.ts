/**
 * Words for what a schema objects to in hand-written YAML: what is wrong, and what would be right. Pure.
 *
 * @module
 */
import { nearestName } from '@mandate/service/nearest-name'
import { z } from 'zod'

/** One objection: its place, and the message. `isKey`: it is about the name of the member, not about its value. */
export interface Objection {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly isKey?: boolean
}

type Issue = z.core.$ZodIssue

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list, such as [a, b]',
  object: 'members, such as { name: value }',
  record: 'members, such as { name: value }',
}

/** `; did you mean "read"?`, or nothing. */
export function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}

/** {@link suggestion}, or else the names that there are. */
export function suggestionOrList(name: string, known: readonly string[]): string {
  const near = suggestion(name, known)
  return near === '' ? `; there ${known.length === 0 ? 'is none' : `are ${known.join(', ')}`}` : near
}

/** The objections of one issue. `value`: the whole document, `schema`: what it was parsed with. */
export function objectionsOf(issue: Issue, value: unknown, schema: z.ZodType): readonly Objection[] {
  const { path } = issue
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = membersAt(schema, path)
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownMember(key, known), isKey: true }))
    }
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, message: `the name ${message}`, isKey: true }))
    case 'invalid_union':
      return ofNearestBranch(issue, value, schema)
    case 'invalid_type':
      return [{ path, message: typeMessage(issue, valueAt(value, path)) }]
    case 'invalid_value':
      return [{ path, message: valueMessage(issue.values.map(String), valueAt(value, path)) }]
    case 'too_small':
      return [{ path, message: isDefault(issue.message) && issue.minimum === 1 ? 'must not be empty' : issue.message }]
    default:
      return [{ path, message: issue.message }]
  }
}

/** Zod's own wording, as opposed to a message of the schema. */
const isDefault = (message: string): boolean => /^(?:Invalid|Too) /u.test(message)

function unknownMember(key: string, known: readonly string[]): string {
  return `there is no member "${key}" here${known.length === 0 ? '' : suggestionOrList(key, known)}`
}

function typeMessage({ expected, message }: z.core.$ZodIssueInvalidType, found: unknown): string {
  if (!isDefault(message)) return message
  const kind = KINDS[expected] ?? expected
  if (found === undefined) return `is missing; it must be ${kind}`
  const none = expected === 'array' ? '; write [] for none' : kind === KINDS['object'] ? '; write {} for none' : ''
  return `must be ${kind}${found === null ? `, and is empty${none}` : ''}`
}

function valueMessage(values: readonly string[], found: unknown): string {
  if (found === undefined) return `is missing; it must be one of ${values.join(', ')}`
  return `must be one of ${values.join(', ')}${typeof found === 'string' ? suggestion(found, values) : ''}`
}

/** Of several forms that a value may have, the objections to the one that it comes nearest to. */
function ofNearestBranch(issue: z.core.$ZodIssueInvalidUnion, value: unknown, schema: z.ZodType): readonly Objection[] {
  if (!isDefault(issue.message)) return [{ path: issue.path, message: issue.message }]
  const branches: readonly (readonly Issue[])[] = issue.errors
  const [nearest] = branches.toSorted((a, b) => weightOf(a) - weightOf(b))
  if (!nearest) return [{ path: issue.path, message: issue.message }]
  const branch = schemasAt(schema, issue.path).flatMap(optionsOf)[branches.indexOf(nearest)]
  return [...nearest].flatMap((one: Issue) =>
    objectionsOf(one, valueAt(value, issue.path), branch ?? schema).map((objection) => ({
      ...objection,
      path: [...issue.path, ...objection.path],
    })),
  )
}

/** A value of another kind altogether is further away than one with wrong members. */
const weightOf = (issues: readonly Issue[]): number =>
  issues.reduce((sum, one) => sum + (one.path.length === 0 && one.code === 'invalid_type' ? 100 : keysOf(one)), 0)
const keysOf = (issue: Issue): number => (issue.code === 'unrecognized_keys' ? issue.keys.length : 1)

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Readonly<Record<PropertyKey, unknown>>)[key]
  }
  return found
}

/** The members that the schema knows at a place. */
function membersAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  return schemasAt(schema, path).flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : []))
}

/** The schemas of a place, without defaults, refinements and the like around them; several where it may have several forms. */
function schemasAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly z.ZodType[] {
  const bare = bareOf(schema)
  const [key, ...rest] = path
  const found = optionsOf(bare).length > 0 && key !== undefined ? optionsOf(bare).map(bareOf) : [bare]
  if (key === undefined) return found
  return found.flatMap((one) => {
    const next = memberOf(one, key)
    return next === undefined ? [] : schemasAt(next, rest)
  })
}

const optionsOf = (schema: z.ZodType): readonly z.ZodType[] =>
  schema instanceof z.ZodUnion ? (schema.options as readonly z.ZodType[]) : []

function memberOf(schema: z.ZodType, key: PropertyKey): z.ZodType | undefined {
  if (schema instanceof z.ZodObject) return (schema.shape as Readonly<Record<PropertyKey, z.ZodType>>)[key]
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType
  return schema instanceof z.ZodArray ? (schema.element as z.ZodType) : undefined
}

function bareOf(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return bareOf(schema.unwrap() as z.ZodType)
  return schema instanceof z.ZodPipe ? bareOf(schema.in as z.ZodType) : schema
}
