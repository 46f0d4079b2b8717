/**
 * What a schema objects to, on one line: a line break would be shown as an escape, since what a server answers is no text to be trusted.
 *
 * @module
 */
import type { z } from 'zod'

/** @param name - How a member is called here. @default its path */
export function mistakes(
  { issues }: z.ZodError,
  name = (path: readonly PropertyKey[]): string => path.map(String).join('.'),
): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${name(path)}: ${message}`)).join('; ')
}
