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
  throw refuse('invalid_request', z.prettifyError(parsed.error))
}

/** A path parameter that names one thing. */
export function param(value: string | string[] | undefined, name: string): string {
  const text = typeof value === 'string' ? value : ''
  const objection = idObjection(text)
  if (objection) throw refuse('invalid_request', `${name}: ${objection}.`)
  return text
}
