/**
 * A store's texts as documents: read and checked once, then kept in memory beside it.
 *
 * @module
 */
import type { z } from 'zod'
import type { Store } from './store.ts'

export interface Document<T> {
  readonly read: () => Promise<T>
  /** Changes stand in one queue: none is made to what another one has replaced. */
  readonly change: (change: (before: T) => T) => Promise<T>
}

/** @param otherwise - What there is before anything was written, and instead of what cannot be read. */
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
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work)
    queue = turn.catch(() => undefined)
    return turn
  }
  return {
    read: () => inTurn(load),
    change: (change) =>
      inTurn(async () => {
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
