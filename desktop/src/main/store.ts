/**
 * Small secrets on disk: each a file of its own that only the keystore opens and only this person may read. Nothing is ever written in the clear.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Keystore } from './host.ts'

/** Texts by name. Names are ours, never a person's. */
export interface Store {
  /** `undefined`: there is none, or none that can be opened here. */
  readonly read: (name: string) => Promise<string | undefined>
  /** Done when it would survive a crash: whole, or not at all. */
  readonly write: (name: string, text: string) => Promise<void>
  readonly remove: (name: string) => Promise<void>
  /** Removes everything, and keeps nothing from then on: what was under way when somebody asked to be forgotten comes too late. */
  readonly clear: () => Promise<void>
}

/** Forgets with the process. */
export function memoryStore(): Store {
  const texts = new Map<string, string>()
  return {
    read: async (name) => texts.get(name),
    write: async (name, text) => void texts.set(name, text),
    remove: async (name) => void texts.delete(name),
    clear: async () => texts.clear(),
  }
}

/**
 * @param folder - Made 0700 at the first write.
 * @param owner - Sealed along: a file that was put in another person's place opens for nobody.
 */
export function sealedStore(folder: string, keystore: Keystore, owner: string): Store {
  const pathOf = (name: string): string => join(folder, `${name}.sealed`)
  let queue: Promise<unknown> = Promise.resolve()
  let isCleared = false
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work)
    queue = turn.catch(() => undefined)
    return await turn
  }
  return {
    read: (name) => inTurn(() => readSealed(pathOf(name), keystore, owner)),
    write: (name, text) =>
      inTurn(async () => {
        if (isCleared) return
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeDurably(pathOf(name), await keystore.seal(JSON.stringify({ owner, text })), folder)
      }),
    remove: (name) => inTurn(() => rm(pathOf(name), { force: true })),
    clear: () =>
      inTurn(async () => {
        isCleared = true
        await rm(folder, { recursive: true, force: true })
      }),
  }
}

async function readSealed(path: string, keystore: Keystore, owner: string): Promise<string | undefined> {
  const sealed = await readFile(path).catch(() => undefined)
  if (sealed === undefined) return undefined
  try {
    const opened: unknown = JSON.parse(await keystore.open(sealed))
    if (typeof opened !== 'object' || opened === null || !('owner' in opened) || !('text' in opened)) return undefined
    return opened.owner === owner && typeof opened.text === 'string' ? opened.text : undefined
  } catch {
    return undefined
  }
}

/** Beside it first, and the folder too is told: after a power cut there is the old file or the new one. */
async function writeDurably(path: string, bytes: Uint8Array, folder: string): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const file = await open(beside, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  // Windows opens no folders; there a rename is durable by itself.
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}
