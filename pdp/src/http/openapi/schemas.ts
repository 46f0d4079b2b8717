/**
 * JSON Schemas from zod's. Whatever has an id becomes a component; what reads differently from how it is answered (a default makes a member
 * optional) becomes two.
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
  /** The names of components, by all that they are made of. */
  readonly #names = new Map<string, string>()

  /** Of what callers send. */
  input(schema: z.ZodType): Json {
    return this.#convert(schema, 'input')
  }

  /** Of what they are answered. */
  output(schema: z.ZodType): Json {
    return this.#convert(schema, 'output')
  }

  components(): Json {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #convert(schema: z.ZodType, io: 'input' | 'output'): Json {
    const converted: unknown = z.toJSONSchema(schema, { target: 'draft-2020-12', io })
    // As it will be served: what is `undefined` is gone.
    const { $schema: _, $defs = {}, ...whole } = JSON.parse(JSON.stringify(converted)) as Json & { $defs?: Definitions }
    const rename = (id: string): string => this.#nameOf(id, $defs, io === 'input' ? 'Sent' : 'Shown')
    for (const [id, definition] of Object.entries($defs)) this.#components.set(rename(id), renamed(definition, rename))
    return renamed(whole, rename)
  }

  /** Its id, unless something else has that name already. */
  #nameOf(id: string, definitions: Definitions, suffix: string): string {
    const parts = [...reachable(id, definitions)].sort().map((part) => [part, definitions[part]])
    const key = JSON.stringify([id, parts])
    const name = this.#names.get(key) ?? (this.#components.has(id) ? id + suffix : id)
    this.#names.set(key, name)
    return name
  }
}

/** A definition and all that it refers to. */
function reachable(id: string, definitions: Definitions, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(id)) return found
  found.add(id)
  renamed(definitions[id], (other) => {
    reachable(other, definitions, found)
    return other
  })
  return found
}

/** With references to components in the place of those to definitions. */
function renamed(value: unknown, rename: (id: string) => string): Json {
  const text = JSON.stringify(value, (key, member: unknown) =>
    key === '$ref' && typeof member === 'string' && member.startsWith(DEFINITION)
      ? COMPONENT + rename(member.slice(DEFINITION.length))
      : member,
  )
  return JSON.parse(text) as Json
}
