/**
 * Signing keys of the log. `log.key` (secret, mode 0600) holds one note signer key a line, newest first: one, or two during a rotation. `log.vkey` is
 * the newest verifier key, which auditors pin; `log.vkeys` lists every verifier key ever used.
 *
 * Keys change by replacing `log.key` only; the other files are written from it at every start, so that a crash cannot leave a partial change.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  Fault,
  formatSignerKey,
  formatVerifierKey,
  type KeyId,
  type NoteSigner,
  parseNote,
  parseSignerKey,
  signerOf,
  verifyCheckpoint,
} from '@mandate/protocol'
import type { Files } from './files.ts'

const SEED_BYTES = 32
/** Most signing keys: two during a rotation. A third would mean that a rotation was never finished. */
const MAX_KEYS = 2
const utf8 = new TextEncoder()
const text = new TextDecoder()

/** The newest key and older keys that still sign. */
export interface LogSigner extends NoteSigner {
  readonly older?: readonly NoteSigner[]
}

/** All signing keys, newest first. */
export function signersOf(signer: LogSigner): readonly NoteSigner[] {
  return [signer, ...(signer.older ?? [])]
}

/**
 * Loads the keys of a directory, or generates one. Writes the verifier key files when they are missing or differ.
 *
 * @param origin - Name of the log and of its keys.
 * @throws Fault `log_unavailable` when a key is unreadable or has another name. The message contains nothing of the key.
 */
export async function loadSigner(files: Files, directory: string, origin: string): Promise<LogSigner> {
  await files.makeDirectory(directory)
  const written = await files.read(join(directory, 'log.key'))
  const signers = written ? (await readKeys(directory, written)).signers : [await makeFirst(files, directory, origin)]
  for (const { name } of signers)
    if (name !== origin) throw unusable(`${join(directory, 'log.key')} is the key of ${name}, not of ${origin}`)
  await writeVerifierKeys(files, directory, signers)
  return together(signers)
}

/** Result of a key change. */
export interface KeyChange {
  /** Verifier key of the newest key. */
  readonly newest: string
  /** Verifier key of the key that signs beside it, or that was retired. */
  readonly other: string
}

/**
 * Generates a new key that signs from the next start on; the previous key also signs until it is retired.
 *
 * @throws Fault `log_unavailable` during a rotation, or when there is no key.
 */
export async function rotateKey(files: Files, directory: string): Promise<KeyChange> {
  const { signers, lines } = await presentKeys(files, directory)
  const [present] = signers
  if (!present || signers.length >= MAX_KEYS) throw unusable('keys overlap already: retire the old one first')
  const seed = randomBytes(SEED_BYTES)
  const next = await signerOf(present.name, seed)
  await putKeys(files, directory, [formatSignerKey(next, seed), ...lines])
  await writeVerifierKeys(files, directory, [next, ...signers])
  return { newest: formatVerifierKey(next.verifierKey), other: formatVerifierKey(present.verifierKey) }
}

/**
 * Finishes a rotation: from the next start on only the newest key signs. The old signing key is deleted; its verifier key stays.
 *
 * @param checkpoint - The log's newest checkpoint. The newest key must have signed it, or the log could not be opened again.
 * @throws Fault `log_unavailable` outside of a rotation, or when the newest key has not signed the checkpoint.
 */
export async function retireKey(files: Files, directory: string, checkpoint: string | undefined): Promise<KeyChange> {
  const { signers, lines } = await presentKeys(files, directory)
  const [newest, old] = signers
  if (!newest || !old) throw unusable('there is only one key: rotate first')
  const verdict = await verifyCheckpoint(checkpoint ?? '', [newest.verifierKey])
  if (!verdict.ok) throw unusable('the new key has not signed a checkpoint yet: start the PDP, and stop it again')
  await writeVerifierKeys(files, directory, signers)
  await putKeys(files, directory, lines.slice(0, 1))
  return { newest: formatVerifierKey(newest.verifierKey), other: formatVerifierKey(old.verifierKey) }
}

/**
 * Detects that the signing keys differ from those of the newest checkpoint, which must be recorded in the log.
 *
 * @returns Ids of the current signing keys, newest first; `undefined` when they are the same.
 */
export function changedKeys(checkpoint: string | undefined, signer: LogSigner): readonly KeyId[] | undefined {
  if (checkpoint === undefined) return undefined
  const signed = parseNote(checkpoint).signatures.filter(({ name }) => name === signer.name)
  const now = signersOf(signer).map(({ keyId }) => keyId)
  const isSame = signed.length === now.length && signed.every(({ keyId }) => now.includes(keyId))
  return isSame ? undefined : now
}

const unusable = (message: string): Fault => new Fault('log_unavailable', message)

function together(signers: readonly NoteSigner[]): LogSigner {
  const [newest, ...older] = signers
  if (!newest) throw unusable('there is no signer key')
  return { ...newest, older }
}

interface Keys {
  readonly signers: readonly NoteSigner[]
  /** Keys as written in the file. */
  readonly lines: readonly string[]
}

async function presentKeys(files: Files, directory: string): Promise<Keys> {
  const written = await files.read(join(directory, 'log.key'))
  if (!written) throw unusable(`${directory} holds no log.key`)
  return readKeys(directory, written)
}

async function readKeys(directory: string, bytes: Uint8Array): Promise<Keys> {
  const lines = text.decode(bytes).trim().split('\n')
  try {
    return { lines, signers: await Promise.all(lines.map(parseSignerKey)) }
  } catch {
    throw unusable(`${join(directory, 'log.key')} is not a signer key`)
  }
}

async function makeFirst(files: Files, directory: string, origin: string): Promise<NoteSigner> {
  const seed = randomBytes(SEED_BYTES)
  const signer = await signerOf(origin, seed)
  await putKeys(files, directory, [formatSignerKey(signer, seed)])
  return signer
}

const putKeys = (files: Files, directory: string, lines: readonly string[]): Promise<void> =>
  put(files, directory, 'log.key', lines)

async function writeVerifierKeys(files: Files, directory: string, signers: readonly NoteSigner[]): Promise<void> {
  const present = signers.map(({ verifierKey }) => formatVerifierKey(verifierKey))
  await putUnlessThere(files, directory, 'log.vkey', present.slice(0, 1))
  const before = text.decode(await files.read(join(directory, 'log.vkeys'))).split('\n')
  await putUnlessThere(files, directory, 'log.vkeys', [...new Set([...present, ...before])].filter(Boolean))
}

async function putUnlessThere(files: Files, directory: string, name: string, lines: readonly string[]): Promise<void> {
  const there = await files.read(join(directory, name))
  if (!there || text.decode(there) !== linesOf(lines)) await put(files, directory, name, lines)
}

const linesOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`

async function put(files: Files, directory: string, name: string, lines: readonly string[]): Promise<void> {
  const path = join(directory, name)
  await files.replace(path, utf8.encode(linesOf(lines)), `${path}.tmp`)
  await files.syncDirectory(directory)
}
