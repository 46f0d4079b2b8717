/**
 * The log's signing key: `log.key` (a secret, note signer key format, 0600) with `log.vkey` beside it, which an auditor pins.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Fault, formatSignerKey, formatVerifierKey, type NoteSigner, parseSignerKey, signerOf } from '@mandate/protocol'
import type { Files } from './files.ts'

const SEED_BYTES = 32
const utf8 = new TextEncoder()

/**
 * Loads the key of a directory, or makes one. Writes the verifier key whenever it is not there as it should be.
 *
 * @param origin - The log's name, which is the key's name.
 * @throws Fault `log_unavailable` when the key is unreadable or of another origin. The message holds nothing of the key.
 */
export async function loadSigner(files: Files, directory: string, origin: string): Promise<NoteSigner> {
  const keyPath = join(directory, 'log.key')
  await files.makeDirectory(directory)
  const written = await files.read(keyPath)
  const signer = written ? await readSigner(keyPath, written) : await makeSigner(files, directory, keyPath, origin)
  if (signer.name !== origin) {
    throw new Fault('log_unavailable', `${keyPath} is the key of ${signer.name}, not of ${origin}`)
  }
  const vkeyPath = join(directory, 'log.vkey')
  const vkey = utf8.encode(`${formatVerifierKey(signer.verifierKey)}\n`)
  const present = await files.read(vkeyPath)
  if (!present || Buffer.compare(present, vkey) !== 0) await put(files, directory, vkeyPath, vkey)
  return signer
}

async function readSigner(path: string, bytes: Uint8Array): Promise<NoteSigner> {
  try {
    return await parseSignerKey(new TextDecoder().decode(bytes))
  } catch {
    throw new Fault('log_unavailable', `${path} is not a signer key`)
  }
}

async function makeSigner(files: Files, directory: string, path: string, origin: string): Promise<NoteSigner> {
  const seed = randomBytes(SEED_BYTES)
  const signer = await signerOf(origin, seed)
  await put(files, directory, path, utf8.encode(`${formatSignerKey(signer, seed)}\n`))
  return signer
}

async function put(files: Files, directory: string, path: string, bytes: Uint8Array): Promise<void> {
  await files.replace(path, bytes, `${path}.tmp`)
  await files.syncDirectory(directory)
}
