/**
 * Converts zod schemas to JSON Schema. A schema with an id becomes a component; it becomes two when its input and output forms differ (a default
 * makes a member optional in the input).
 *
 * @module
 */
import { z } from 'zod'

type Json = Readonly<Record<string, unknown>>
type Definitions = Readonly<Record<string, Json>>

const DEFINITION = '#/$defs/'
const COMPONENT = '#/components/schemas/'

export class Schemas {
  readonly #components = new Map<string, Json>()
  /** Component names, by the schema's id and complete content. */
  readonly #names = new Map<string, string>()

  /** Converts the schema of a request. */
  input(schema: z.ZodType): Json {
    return this.#convert(schema, 'input')
  }

  /** Converts the schema of a response. */
  output(schema: z.ZodType): Json {
    return this.#convert(schema, 'output')
  }

  components(): Json {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #convert(schema: z.ZodType, io: 'input' | 'output'): Json {
    const converted: unknown = z.toJSONSchema(schema, { target: 'draft-2020-12', io })
    // Through JSON, as it is served: removes members that are `undefined`.
    const { $schema: _, $defs = {}, ...whole } = JSON.parse(JSON.stringify(converted)) as Json & { $defs?: Definitions }
    const rename = (id: string): string => this.#nameOf(id, $defs, io === 'input' ? 'Sent' : 'Shown')
    for (const [id, definition] of Object.entries($defs)) this.#components.set(rename(id), renamed(definition, rename))
    return renamed(whole, rename)
  }

  /** Returns the component name: the id, with a suffix when another content has that name already. */
  #nameOf(id: string, definitions: Definitions, suffix: string): string {
    const parts = [...reachable(id, definitions)].sort().map((part) => [part, definitions[part]])
    const key = JSON.stringify([id, parts])
    const name = this.#names.get(key) ?? (this.#components.has(id) ? id + suffix : id)
    this.#names.set(key, name)
    return name
  }
}

/** Collects the ids of a definition and of every definition that it refers to. */
function reachable(id: string, definitions: Definitions, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(id)) return found
  found.add(id)
  renamed(definitions[id], (other) => {
    reachable(other, definitions, found)
    return other
  })
  return found
}

/** Rewrites references to definitions into references to components. */
function renamed(value: unknown, rename: (id: string) => string): Json {
  const text = JSON.stringify(value, (key, member: unknown) =>
    key === '$ref' && typeof member === 'string' && member.startsWith(DEFINITION)
      ? COMPONENT + rename(member.slice(DEFINITION.length))
      : member,
  )
  return JSON.parse(text) as Json
}
