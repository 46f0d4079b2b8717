/**
 * Cache of the latest results of reading operations, for when a service is unreachable. Encrypted on disk, bounded, removed at sign-out.
 *
 * @module
 */
import { z } from 'zod'
import type { Account } from './account.ts'

export interface AnswerCache {
  readonly put: (key: string, value: unknown, at: number) => void
  readonly get: (key: string) => Promise<{ readonly value: unknown; readonly at: number } | undefined>
  /** Writes pending changes to disk. */
  readonly flush: () => Promise<void>
}

const NAME = 'seen'
const MAX_ANSWERS = 200
/** In characters of JSON; one result may take a quarter of it. */
const MAX_LENGTH = 2_000_000
/** Delay before writing, so that a burst of results is encrypted once. */
const WRITE_AFTER_MS = 1_000

const cacheSchema = z.array(z.tuple([z.string(), z.object({ at: z.number(), text: z.string() })]))

export function createAnswerCache({ store, end }: Pick<Account, 'store' | 'end'>): AnswerCache {
  const answers = new Map<string, { readonly at: number; readonly text: string }>()
  let timer: NodeJS.Timeout | undefined
  const loaded = load(answers, store.read(NAME))
  const write = async (): Promise<void> => {
    await loaded
    // Sign-out removes the file; a later write must not restore it.
    if (!end.aborted) await store.write(NAME, JSON.stringify([...answers])).catch(() => undefined)
  }
  return {
    put: (key, value, at) => {
      const text = JSON.stringify(value)
      if (end.aborted || text === undefined || text.length > MAX_LENGTH / 4) return
      answers.delete(key)
      answers.set(key, { at, text })
      makeRoom(answers)
      timer ??= setTimeout(() => {
        timer = undefined
        void write()
      }, WRITE_AFTER_MS).unref()
    },
    get: async (key) => {
      await loaded
      const found = answers.get(key)
      return found && { at: found.at, value: JSON.parse(found.text) as unknown }
    },
    flush: async () => {
      if (timer === undefined) return
      clearTimeout(timer)
      timer = undefined
      await write()
    },
  }
}

/** Evicts the oldest results. */
function makeRoom(answers: Map<string, { readonly text: string }>): void {
  let length = 0
  for (const [key, { text }] of answers) length += key.length + text.length
  for (const [key, { text }] of answers) {
    if (answers.size <= MAX_ANSWERS && length <= MAX_LENGTH) return
    answers.delete(key)
    length -= key.length + text.length
  }
}

/** Loads the stored results; results that were added meanwhile are newer and win. */
async function load(
  answers: Map<string, { at: number; text: string }>,
  reading: Promise<string | undefined>,
): Promise<void> {
  try {
    const text = await reading
    const before = text === undefined ? [] : cacheSchema.parse(JSON.parse(text))
    const since = [...answers]
    answers.clear()
    for (const [key, answer] of [...before, ...since]) answers.set(key, answer)
  } catch {
    // Starts with an empty cache.
  }
}
