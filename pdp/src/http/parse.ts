/**
 * What callers send, read by its schema: a misfit is 400 with every member that is wrong.
 *
 * @module
 */
import { idObjection, refuse } from '@mandate/protocol'
import { z } from 'zod'

/** @throws Fault `invalid_request`. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw refuse('invalid_request', objectionsOf(parsed.error))
}

/** Every member that is wrong, and how. Of several forms that a value may have it is held against the one that it comes nearest to. */
export function objectionsOf({ issues }: z.ZodError): string {
  return z.prettifyError(new z.ZodError(issues.flatMap(nearest)))
}

function nearest(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  // One with a message of its own says what the forms are.
  if (issue.code !== 'invalid_union' || issue.errors.length === 0 || issue.message !== 'Invalid input') return [issue]
  const forms = issue.errors.map((errors) => errors.flatMap(nearest))
  const [first = [], ...others] = forms
  const best = others.reduce((fewest, form) => (form.length < fewest.length ? form : fewest), first)
  return best.map((one) => ({ ...one, path: [...issue.path, ...one.path] }))
}

/** A path parameter that names one thing. */
export function param(value: string | string[] | undefined, name: string): string {
  const text = typeof value === 'string' ? value : ''
  const objection = idObjection(text)
  if (objection) throw refuse('invalid_request', `${name}: ${objection}.`)
  return text
}
