/**
 * Ids: what may stand in `subject.id`, `resource.id` and their kin. Pure.
 *
 * @module
 */
import { z } from 'zod'

/** Seconds since 1970-01-01T00:00:00Z. */
export type EpochSeconds = number
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMillis = number

const CONTROL = /\p{Cc}/u
/** The longest id, in bytes of UTF-8. */
export const MAX_ID_BYTES = 1_024
/** The same for readers of a JSON Schema, as far as one can say it: its length is in characters. */
const ID_PATTERN = `[^\\u0000-\\u001f\\u007f-\\u009f]{1,${MAX_ID_BYTES}}`
const utf8 = new TextEncoder()

/**
 * Says what is wrong with an id, or `undefined` when it is fine.
 *
 * 1–1,024 bytes of well-formed UTF-8 without control characters (rule A5). AuthZEN says any string: URIs, `did:…`, `arn:…` and a plain `*`
 * are ids like any other, since ids are encoded before OpenFGA sees them.
 */
export function idObjection(id: string): string | undefined {
  if (id.length === 0) return 'must not be empty'
  if (!id.isWellFormed()) return 'must be well-formed Unicode'
  if (CONTROL.test(id)) return 'must not contain control characters'
  if (utf8.encode(id).length > MAX_ID_BYTES) return `must be at most ${MAX_ID_BYTES} bytes of UTF-8`
  return undefined
}

/** An id, or the type of an entity, as callers send it (rule A5). */
export const idSchema = z
  .string()
  .superRefine((value, context) => {
    const objection = idObjection(value)
    if (objection) context.addIssue({ code: 'custom', message: objection })
  })
  .meta({
    ...idForm(),
    minLength: 1,
    maxLength: MAX_ID_BYTES,
    description: `At most ${MAX_ID_BYTES} bytes of well-formed UTF-8, without control characters.`,
  })

/** An id that becomes a part of a URL's path: `.` and `..` are resolved by every client and proxy, however they are escaped. */
export const pathIdSchema = idSchema.refine(
  (id) => id !== '.' && id !== '..',
  'must not be "." or "..": no URL has a part of that name',
)

/** What a JSON Schema can say of an id, or of something that ends in one. @param before - A pattern, with its ":". */
export function idForm(before = ''): { readonly pattern: string } {
  return { pattern: `^${before}${ID_PATTERN}$` }
}

/** A type or action name: lower case, as OpenFGA and the manifests write them. */
export const nameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,29}$/u, 'must be 1–30 characters: a lower-case letter, then letters, digits, "_" or "-"')

/** A ULID: 26 characters of Crockford's base 32, the first at most 7. */
export const ulidSchema = z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/u, 'must be a ULID (26 characters)')

const MAX_TOKEN_LENGTH = 4_096
/** `next_cursor` or an event's id, sent back to go on behind it. */
export const pageTokenSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(MAX_TOKEN_LENGTH, `must be at most ${MAX_TOKEN_LENGTH} characters`)
  .describe('`next_cursor` of the page before. Opaque; good for the same caller and the same other parameters.')

/** How many things a page of a list holds, in a query string. */
export const pageLimitSchema = (most: number, otherwise: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/u, 'must be a whole number')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= most, `must be 1 to ${most}`)
    .default(otherwise)
    .meta({
      type: 'integer',
      minimum: 1,
      maximum: most,
      default: otherwise,
      pattern: undefined,
      description: 'How many, at most.',
    })

/** An instant on the wire: RFC 3339, UTC or with an offset. */
export const instantSchema = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 date-time' })
  .describe('RFC 3339 date-time, in UTC or with an offset.')

/** `title/circle`, the short name of a persona: `traveler/family`. */
export const personaNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,29}\/[a-z0-9][a-z0-9-]{0,29}$/u, 'must be title/circle, such as traveler/family')

/** Words of people's, not blank. Blanks around them are taken off. @param most - Length in UTF-16 units. */
export const freeTextSchema = (most: number) => z.string().trim().min(1).max(most).meta({ pattern: '\\S' })

const REQUEST_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-f]{32})$/iu

/** Whether a request id of a caller's may stand in a log: a UUID, a ULID or 32 hexadecimal digits. Any other text may be words or a name. */
export const isRequestId = (text: string): boolean => REQUEST_ID.test(text)
