/**
 * Parses and validates hand-written YAML. Error messages name file, line and member.
 *
 * @module
 */
import { isNode, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

/** A policy cannot be loaded. The message has one line for each mistake: file, line, and what is wrong. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
}

/** Returns the position of a member in the YAML text: `file:line`. */
export type Whereabouts = (path: readonly PropertyKey[]) => string

/** Parses YAML and validates it with a schema. @throws PolicyError with all mistakes, one per line. */
export function parseYaml<T>(
  file: string,
  text: string,
  schema: z.ZodType<T>,
): { readonly value: T; readonly where: Whereabouts } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  if (document.errors.length > 0)
    throw new PolicyError(
      document.errors.map(({ message, pos }) => `${file}:${lineAt(pos[0])}: ${message.split('\n', 1)[0]}`).join('\n'),
    )
  const where: Whereabouts = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return `${file}:${lineAt(node.range[0])}`
    }
    return `${file}:1`
  }
  const parsed = schema.safeParse(document.toJS())
  if (parsed.success) return { value: parsed.data, where }
  throw new PolicyError(
    parsed.error.issues.map(({ path, message }) => `${where(path)}: ${member(path)}${message}`).join('\n'),
  )
}

const member = (path: readonly PropertyKey[]): string => (path.length === 0 ? '' : `${path.map(String).join('.')}: `)
