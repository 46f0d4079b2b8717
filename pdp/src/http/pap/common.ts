/**
 * What the administrative routes share: how a request is read, and how an instant is written.
 *
 * @module
 */
import { idObjection, refuse } from '@mandate/protocol'
import { z } from 'zod'
import type { EntryIndex } from '../../log/port.ts'
import type { InvitationDeps } from '../../pap/invitations.ts'
import type { Answers } from '../../remembered.ts'
import type { Border } from '../border.ts'

export interface PapRouteDeps extends InvitationDeps {
  readonly border: Border
  readonly answers: Answers
  readonly index: EntryIndex
}

export const instant = (millis: number): string => new Date(millis).toISOString()
export const millis = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text)

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
