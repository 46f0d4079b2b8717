/**
 * Encrypts the vault's rows with AES-256-GCM, and finds them by a keyed hash. Both keys are derived from the vault's key by HKDF (RFC 5869), one for each
 * purpose.
 *
 * @module
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { Fault, SECRET_BYTES } from '@mandate/protocol'
import type { TokenEncryption } from '../ports/stores.ts'

const ID_BYTES = 8
const SALT_BYTES = 16
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Additional authenticated data: a ciphertext of the vault is valid for no other purpose. */
const PURPOSE = Buffer.from('mandate vault 1')

interface Derived {
  /** Says which key sealed a text, and nothing of the key. */
  readonly id: Buffer
  readonly sealing: Buffer
  /** Made once: a question about whoever asks or is asked about finds somebody, and reading raw bytes as a key takes four times as long. */
  readonly finding: KeyObject
  /** Keys of tokens are derived from it. */
  readonly token: Buffer
}

/** The key in use, and older ones that may still have to open something. */
export class VaultKeys implements TokenEncryption {
  readonly #current: Derived
  readonly #all: readonly Derived[]

  /** @param older - Keys from before a rotation. */
  constructor(current: Uint8Array, older: readonly Uint8Array[] = []) {
    this.#current = derive(current)
    this.#all = [this.#current, ...older.map(derive)]
  }

  /** A random key, for a vault that lives no longer than the process. */
  static random(): VaultKeys {
    return new VaultKeys(randomBytes(SECRET_BYTES))
  }

  /** @returns Key id, nonce, tag, ciphertext. */
  seal(text: string | Uint8Array): Uint8Array {
    const { id, sealing } = this.#current
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(PURPOSE)
    const ciphertext = Buffer.concat([cipher.update(text), cipher.final()])
    return Buffer.concat([id, nonce, cipher.getAuthTag(), ciphertext])
  }

  /** @throws Fault `internal` for what none of the keys sealed, and for what was altered. */
  open(sealed: Uint8Array): Buffer {
    const bytes = Buffer.from(sealed)
    const key = this.#all.find(({ id }) => id.equals(bytes.subarray(0, ID_BYTES)))
    if (!key)
      throw new Fault(
        'internal',
        'the vault was sealed with a key that is not here; give the one it had before in PDP_VAULT_OLD_KEYS',
      )
    const nonce = bytes.subarray(ID_BYTES, ID_BYTES + NONCE_BYTES)
    const tagAt = ID_BYTES + NONCE_BYTES
    const decipher = createDecipheriv('aes-256-gcm', key.sealing, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(PURPOSE).setAuthTag(bytes.subarray(tagAt, tagAt + TAG_BYTES))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(tagAt + TAG_BYTES)), decipher.final()])
    } catch (cause) {
      throw new Fault('internal', 'a row of the vault was altered', { cause })
    }
  }

  /**
   * Each token has a key and a nonce of its own, derived from a random salt: unlike with random nonces under one key, their number is not
   * bounded.
   */
  encryptToken(text: string, bound: string): string {
    const { id, token } = this.#current
    const salt = randomBytes(SALT_BYTES)
    const { key, nonce } = tokenKey(token, salt)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(bound))
    const ciphertext = Buffer.concat([cipher.update(text), cipher.final()])
    return Buffer.concat([id, salt, cipher.getAuthTag(), ciphertext]).toString('base64url')
  }

  decryptToken(token: string, bound: string): string | undefined {
    const bytes = Buffer.from(token, 'base64url')
    const vaultKey = this.#all.find(({ id }) => id.equals(bytes.subarray(0, ID_BYTES)))
    const textAt = ID_BYTES + SALT_BYTES + TAG_BYTES
    // Base64url has several spellings of the same bytes; only one of them was issued.
    if (!vaultKey || bytes.length < textAt || bytes.toString('base64url') !== token) return undefined
    const { key, nonce } = tokenKey(vaultKey.token, bytes.subarray(ID_BYTES, ID_BYTES + SALT_BYTES))
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(bound)).setAuthTag(bytes.subarray(ID_BYTES + SALT_BYTES, textAt))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(textAt)), decipher.final()]).toString()
    } catch {
      return undefined
    }
  }

  isCurrent(sealed: Uint8Array): boolean {
    return this.#current.id.equals(Buffer.from(sealed).subarray(0, ID_BYTES))
  }

  /** A keyed hash (HMAC-SHA-256): equal texts have equal hashes under one key. */
  find(text: string): Uint8Array {
    return createHmac('sha256', this.#current.finding).update(text).digest()
  }
}

function derive(key: Uint8Array): Derived {
  if (key.length !== SECRET_BYTES) throw new RangeError(`a vault key has ${SECRET_BYTES} bytes, not ${key.length}`)
  const part = (info: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', key, new Uint8Array(), `mandate vault ${info}`, length))
  return {
    id: part('id', ID_BYTES),
    sealing: part('seal', SECRET_BYTES),
    finding: createSecretKey(part('find', SECRET_BYTES)),
    token: part('token', SECRET_BYTES),
  }
}

function tokenKey(secret: Buffer, salt: Uint8Array): { readonly key: Buffer; readonly nonce: Buffer } {
  const derived = Buffer.from(hkdfSync('sha256', secret, salt, 'mandate token', SECRET_BYTES + NONCE_BYTES))
  return { key: derived.subarray(0, SECRET_BYTES), nonce: derived.subarray(SECRET_BYTES) }
}
