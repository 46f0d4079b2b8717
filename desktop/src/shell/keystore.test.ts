import { expect, test } from 'vitest'
import { createKeystore, type Safe } from './keystore.ts'

type Backend = ReturnType<Safe['getSelectedStorageBackend']>

/** Electron's, whose cipher is to turn the text round. */
function aSafe({ available = true, backend = 'gnome_libsecret' as Backend } = {}): Safe {
  const turned = (text: string): string => [...text].reverse().join('')
  return {
    isAsyncEncryptionAvailable: async () => available,
    getSelectedStorageBackend: () => backend,
    encryptStringAsync: async (text) => Buffer.from(turned(text)),
    decryptStringAsync: async (sealed) => ({ result: turned(sealed.toString()), shouldReEncrypt: false }),
  }
}

test.for([
  ['linux', 'gnome_libsecret', true],
  ['linux', 'kwallet6', true],
  ['linux', 'basic_text', false],
  ['linux', 'unknown', false],
  ['darwin', 'unknown', true],
  ['win32', 'unknown', true],
] as const)('on %s with %s it is safe: %s', async ([platform, backend, isSafe]) => {
  expect(await createKeystore(aSafe({ backend }), platform).isSafe()).toBe(isSafe)
})

test.for(['linux', 'darwin', 'win32'] as const)('a keystore of %s that does not open is not safe', async (platform) => {
  expect(await createKeystore(aSafe({ available: false }), platform).isSafe()).toBe(false)
})

test('a keystore that fails when it is asked is not safe', async () => {
  const safe: Safe = { ...aSafe(), isAsyncEncryptionAvailable: () => Promise.reject(new Error('no bus')) }
  expect(await createKeystore(safe, 'linux').isSafe()).toBe(false)
})

test('what is sealed opens again', async () => {
  const keystore = createKeystore(aSafe(), 'linux')
  const sealed = await keystore.seal('token')
  expect(Buffer.from(sealed).toString()).not.toContain('token')
  expect(await keystore.open(sealed)).toBe('token')
})

test('nothing is sealed or opened where others could read it', async () => {
  const keystore = createKeystore(aSafe({ backend: 'basic_text' }), 'linux')
  await expect(keystore.seal('token')).rejects.toThrow('no safe keystore')
  await expect(keystore.open(Buffer.from('nekot'))).rejects.toThrow('no safe keystore')
})
