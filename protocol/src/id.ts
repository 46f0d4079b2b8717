/**
 * Schemas of identifiers, names, instants and page parameters that many requests share. Pure.
 *
 * @module
 */
import { z } from 'zod'

/** Seconds since 1970-01-01T00:00:00Z. */
export type EpochSeconds = number
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMillis = number

const CONTROL = /\p{Cc}/u
/** Maximum length of an id, in bytes of UTF-8. */
export const MAX_ID_BYTES = 1_024
/** Bytes that UTF-8 needs for a UTF-16 code unit, at most. */
const BYTES_A_UNIT = 3
/** The same rule as a JSON Schema pattern. Approximate: JSON Schema counts characters, not bytes. */
const ID_PATTERN = `[^\\u0000-\\u001f\\u007f-\\u009f]{1,${MAX_ID_BYTES}}`
const utf8 = new TextEncoder()

/**
 * Validates an id: 1–1,024 bytes of well-formed UTF-8 without control characters (rule A5). AuthZEN allows any string, so URIs, `did:…`, `arn:…`
 * and `*` are valid: ids are encoded before they reach OpenFGA.
 *
 * @returns What is wrong ("must …"), or `undefined` when the id is valid.
 */
export function idObjection(id: string): string | undefined {
  if (id.length === 0) return 'must not be empty'
  if (!id.isWellFormed()) return 'must be well-formed Unicode'
  if (CONTROL.test(id)) return 'must not contain control characters'
  // Encoding costs more than all the rest, and few ids are long.
  if (id.length * BYTES_A_UNIT > MAX_ID_BYTES && utf8.encode(id).length > MAX_ID_BYTES)
    return `must be at most ${MAX_ID_BYTES} bytes of UTF-8`
  return undefined
}

/** An id or an entity type as callers send it; validated by {@link idObjection} (rule A5). */
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

/** An id used as a URL path segment: not `.` or `..`, which clients and proxies resolve even when they are percent-encoded (RFC 3986, section 5.2.4). */
export const pathIdSchema = idSchema.refine(
  (id) => id !== '.' && id !== '..',
  'must not be "." or "..": a URL cannot have such a path segment',
)

/**
 * JSON Schema pattern of an id, or of a string that ends in an id.
 *
 * @param before - Regular expression for the part before the id, including its ":".
 */
export function idForm(before = ''): { readonly pattern: string } {
  return { pattern: `^${before}${ID_PATTERN}$` }
}

/** Name of a type, action, attribute or gate: lower case, at most 30 characters, valid in OpenFGA models and in manifests. */
export const nameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,29}$/u, 'must be 1–30 characters: a lower-case letter, then letters, digits, "_" or "-"')

/** Name of a relation or a condition in a domain's own model: at most 50 characters, as OpenFGA takes it. Upper case is permitted: `canView`. */
export const relationNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,49}$/u, 'must be 1–50 characters: a letter, then letters, digits, "_" or "-"')

/** A ULID: 26 characters of Crockford base32, the first at most 7. @see {@link https://github.com/ulid/spec ULID} */
export const ULID_PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/u
/** Text of {@link ULID_PATTERN}. */
export const ulidSchema = z.string().regex(ULID_PATTERN, 'must be a ULID (26 characters)')

const MAX_TOKEN_LENGTH = 4_096
/** A page cursor (`next_cursor`, or the id of a server-sent event), sent back to continue after it. Opaque to clients. */
export const pageTokenSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(MAX_TOKEN_LENGTH, `must be at most ${MAX_TOKEN_LENGTH} characters`)
  .describe('`next_cursor` of the previous page. Opaque; valid for the same caller with the same other parameters.')

/**
 * Schema of the `limit` query parameter: the maximum number of items in a page.
 *
 * @param most - Largest allowed value.
 * @param otherwise - Default.
 */
export const pageLimitSchema = (most: number, otherwise: number) =>
  z
    .string()
    .regex(/^\d+$/u, 'must be a whole number')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= most, `must be 1 to ${most}`)
    .default(otherwise)
    .meta({
      type: 'integer',
      minimum: 1,
      maximum: most,
      default: otherwise,
      pattern: undefined,
      description: 'Maximum number of items.',
    })

/** An instant on the wire: RFC 3339 date-time, in UTC or with an offset. A string; not parsed to a number. */
export const instantSchema = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 date-time' })
  .describe('RFC 3339 date-time, in UTC or with an offset.')

/** Name of a persona, `title/circle`: `traveler/family`. */
export const personaNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,29}\/[a-z0-9][a-z0-9-]{0,29}$/u, 'must be title/circle, such as traveler/family')

/**
 * Free text written by a person: trimmed, not blank, without U+0000, which PostgreSQL cannot store.
 *
 * @param most - Maximum length, in UTF-16 code units.
 */
export const freeTextSchema = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((text) => !text.includes('\u0000'), 'must not contain the character U+0000')
    .meta({ pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$' })

const REQUEST_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-f]{32})$/iu

/** Whether a caller's request id may be logged: a UUID, a ULID or 32 hexadecimal digits. Any other text could contain personal data. */
export const isRequestId = (text: string): boolean => REQUEST_ID.test(text)
