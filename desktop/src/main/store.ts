/**
 * Encrypted files: one per secret, mode 0600, decrypted by the keystore only. Plain text is never written.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Keystore } from './host.ts'

/** Texts by name. Names are constants of this app. */
export interface Store {
  /** `undefined` when there is no such text, or it cannot be decrypted here. */
  readonly read: (name: string) => Promise<string | undefined>
  /** Durable and atomic when it resolves. */
  readonly write: (name: string, text: string) => Promise<void>
  readonly remove: (name: string) => Promise<void>
  /** Removes everything. Later writes are ignored: an erased account must not come back. */
  readonly clear: () => Promise<void>
}

/** A store in memory. */
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
 * @param folder - Created with mode 0700 at the first write.
 * @param owner - Encrypted with each text and compared on reading, so that a file copied from another account is refused.
 */
export function sealedStore(folder: string, keystore: Keystore, owner: string): Store {
  const pathOf = (name: string): string => join(folder, `${name}.sealed`)
  let queue: Promise<unknown> = Promise.resolve()
  let isCleared = false
  const enqueue = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work)
    queue = turn.catch(() => undefined)
    return await turn
  }
  return {
    read: (name) => enqueue(() => readSealed(pathOf(name), keystore, owner)),
    write: (name, text) =>
      enqueue(async () => {
        if (isCleared) return
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeDurably(pathOf(name), await keystore.seal(JSON.stringify({ owner, text })), folder)
      }),
    remove: (name) => enqueue(() => rm(pathOf(name), { force: true })),
    clear: () =>
      enqueue(async () => {
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

/** Writes a temporary file, renames it and syncs the folder: after a power cut there is the old file or the new one. */
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
  // Windows cannot open folders; there a rename is durable.
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}
