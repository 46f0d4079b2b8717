/**
 * Validation errors of a zod schema as one line of text.
 *
 * @module
 */
import type { z } from 'zod'

/**
 * Joins all issues on one line. Not `z.prettifyError`: the terminal output escapes control characters, and so would escape its line breaks.
 *
 * @param name - Name of a member in the message. @default its path, joined by dots
 */
export function describeIssues(
  { issues }: z.ZodError,
  name = (path: readonly PropertyKey[]): string => path.map(String).join('.'),
): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${name(path)}: ${message}`)).join('; ')
}
