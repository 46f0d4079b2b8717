/**
 * The operating system's keystore, by Electron's asynchronous `safeStorage`. Writes nothing down and knows no file.
 *
 * @module
 */
import type { SafeStorage } from 'electron'
import type { Keystore } from '../main/host.ts'

/** What is used of Electron's. */
export type Safe = Pick<
  SafeStorage,
  'isAsyncEncryptionAvailable' | 'getSelectedStorageBackend' | 'encryptStringAsync' | 'decryptStringAsync'
>

/** On Linux these seal with a password that everybody knows, or nobody knows yet with which. */
const UNSAFE_BACKENDS: readonly string[] = ['basic_text', 'unknown']

export function createKeystore(safe: Safe, platform: NodeJS.Platform): Keystore {
  const isSafe = async (): Promise<boolean> => {
    // Asked first: which backend it is stands fast only when the keystore has been opened.
    if (!(await safe.isAsyncEncryptionAvailable())) return false
    return platform !== 'linux' || !UNSAFE_BACKENDS.includes(safe.getSelectedStorageBackend())
  }
  const whenSafe = async (): Promise<void> => {
    if (!(await isSafe())) throw new Error('the system keeps no secrets safely')
  }
  return {
    isSafe: () => isSafe().catch(() => false),
    seal: async (text) => {
      await whenSafe()
      return await safe.encryptStringAsync(text)
    },
    open: async (sealed) => {
      await whenSafe()
      // `shouldReEncrypt` is left: what is sealed here is sealed anew soon, a token at every rotation.
      const { result } = await safe.decryptStringAsync(Buffer.from(sealed))
      return result
    },
  }
}
