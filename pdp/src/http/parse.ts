/**
 * Parses request data by zod schemas; a mismatch becomes 400 and names every invalid member.
 *
 * @module
 */
import { idObjection, refuse } from '@mandate/protocol'
import { z } from 'zod'

/** Parses a value. @throws Fault `invalid_request` naming every invalid member. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  return requireValid(schema.safeParse(value))
}

/** Returns what was parsed. @throws Fault `invalid_request` naming every invalid member. */
export function requireValid<T>(parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data
  throw refuse('invalid_request', objectionsOf(parsed.error))
}

/** Formats every issue of a ZodError. For a union it reports the issues of the variant that matches best. */
export function objectionsOf({ issues }: z.ZodError): string {
  return z.prettifyError(new z.ZodError(issues.flatMap(nearest)))
}

function nearest(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  // A union with its own message describes the variants itself.
  if (issue.code !== 'invalid_union' || issue.errors.length === 0 || issue.message !== 'Invalid input') return [issue]
  const forms = issue.errors.map((errors) => errors.flatMap(nearest))
  const [first = [], ...others] = forms
  const best = others.reduce((fewest, form) => (form.length < fewest.length ? form : fewest), first)
  return best.map((one) => ({ ...one, path: [...issue.path, ...one.path] }))
}

/** Reads a path parameter that is an id. @throws Fault `invalid_request`. */
export function param(value: string | string[] | undefined, name: string): string {
  const text = typeof value === 'string' ? value : ''
  const objection = idObjection(text)
  if (objection) throw refuse('invalid_request', `${name}: ${objection}.`)
  return text
}
