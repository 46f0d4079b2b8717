/**
 * JSON documents in a store: parsed and validated once, then held in memory.
 *
 * @module
 */
import type { z } from 'zod'
import type { Store } from './store.ts'

export interface Document<T> {
  readonly read: () => Promise<T>
  /** Applies a change. Serialized: each change gets the result of the previous one. */
  readonly change: (change: (before: T) => T) => Promise<T>
}

/** Opens a document. @param otherwise - Used before the first write, and instead of a malformed document. */
export function documentOf<S extends z.ZodType>(
  store: Store,
  name: string,
  schema: S,
  otherwise: z.output<S>,
): Document<z.output<S>> {
  let known: z.output<S> | undefined
  let queue: Promise<unknown> = Promise.resolve()
  const load = async (): Promise<z.output<S>> => {
    known ??= parsed(schema, await store.read(name)) ?? otherwise
    return known
  }
  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work)
    queue = turn.catch(() => undefined)
    return turn
  }
  return {
    read: () => enqueue(load),
    change: (change) =>
      enqueue(async () => {
        const next = change(await load())
        await store.write(name, JSON.stringify(next))
        known = next
        return next
      }),
  }
}

function parsed<S extends z.ZodType>(schema: S, text: string | undefined): z.output<S> | undefined {
  if (text === undefined) return undefined
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
