/**
 * Parses and validates hand-written YAML. Error messages name file, line and member.
 *
 * @module
 */
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, type YAMLParseError } from 'yaml'
import type { z } from 'zod'
import { objectionsOf } from './yaml-message.ts'

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
      independent(document.errors)
        .map(({ message, pos }) => `${file}:${lineAt(pos[0])}: ${syntaxMessage(message.split('\n', 1)[0] ?? '')}`)
        .join('\n'),
    )
  const where: Whereabouts = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = offsetOf(document, path.slice(0, length))
      if (offset !== undefined) return `${file}:${lineAt(offset)}`
    }
    return `${file}:1`
  }
  const content = contentOf(document, file)
  const parsed = schema.safeParse(content)
  if (parsed.success) return { value: parsed.data, where }
  throw new PolicyError(
    parsed.error.issues
      .flatMap((issue) => objectionsOf(issue, content, schema))
      .map(({ path, message }) => `${where(path)}: ${member(path)}${message}`)
      .join('\n'),
  )
}

/** Where a member begins: at its name, or at its value in a list. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  const above = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents
  const name = path.at(-1)
  if (isMap(above)) {
    const pair = above.items.find(({ key }) => isScalar(key) && String(key.value) === String(name))
    if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0]
  }
  const node = document.getIn(path, true)
  return isNode(node) && node.range ? node.range[0] : undefined
}

/** @throws PolicyError for aliases that would make a short text a huge value. */
function contentOf(document: Document, file: string): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    throw new PolicyError(`${file}:1: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

const TWICE = /Map keys must be unique/u

/** Errors up to the first one of syntax: those after it follow from it. */
function independent(errors: readonly YAMLParseError[]): readonly YAMLParseError[] {
  const first = errors.findIndex(({ message }) => !TWICE.test(message))
  return first < 0 ? errors : errors.slice(0, first + 1)
}

/** Says how to mend what is often wrong with YAML itself. */
function syntaxMessage(text: string): string {
  const message = text.replace(/ at line \d+, column \d+:?$/u, '')
  if (/\btabs?\b/iu.test(message)) return 'a tab is no indentation in YAML; indent with spaces'
  if (TWICE.test(message)) return 'this name stands twice in the same place; remove one of the two'
  return /Nested mappings/u.test(message) ? `${message}; put a text that contains ": " in quotes` : message
}

const member = (path: readonly PropertyKey[]): string => (path.length === 0 ? '' : `${path.map(String).join('.')}: `)
