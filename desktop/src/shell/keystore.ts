/**
 * The operating system's keystore, by Electron's asynchronous `safeStorage`. Stores nothing itself.
 *
 * @module
 */
import type { SafeStorage } from 'electron'
import type { Keystore } from '../main/host.ts'

/** The part of `safeStorage` that is used. */
export type Safe = Pick<
  SafeStorage,
  'isAsyncEncryptionAvailable' | 'getSelectedStorageBackend' | 'encryptStringAsync' | 'decryptStringAsync'
>

/** Linux backends that do not protect: `basic_text` has a fixed password, `unknown` is not initialized. */
const UNSAFE_BACKENDS: readonly string[] = ['basic_text', 'unknown']

/**
 * The system's keystore through Electron's `safeStorage`.
 *
 * @returns A keystore that says that it is not safe on Linux backends that keep the key in plain text.
 */
export function createKeystore(safe: Safe, platform: NodeJS.Platform): Keystore {
  const isSafe = async (): Promise<boolean> => {
    // Must come first: the backend is known only after initialization.
    if (!(await safe.isAsyncEncryptionAvailable())) return false
    return platform !== 'linux' || !UNSAFE_BACKENDS.includes(safe.getSelectedStorageBackend())
  }
  const whenSafe = async (): Promise<void> => {
    if (!(await isSafe())) throw new Error('there is no safe keystore')
  }
  return {
    isSafe: () => isSafe().catch(() => false),
    seal: async (text) => {
      await whenSafe()
      return await safe.encryptStringAsync(text)
    },
    open: async (sealed) => {
      await whenSafe()
      // Ignores `shouldReEncrypt`: tokens are encrypted again at every rotation anyway.
      const { result } = await safe.decryptStringAsync(Buffer.from(sealed))
      return result
    },
  }
}
