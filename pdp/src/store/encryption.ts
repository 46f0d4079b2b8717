/**
 * Encryption of the vault's rows (AES-256-GCM), their lookup hash (HMAC-SHA-256), and encryption of page tokens. Each has its own key, derived from
 * the vault key by HKDF (RFC 5869).
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
/** Additional authenticated data: a ciphertext made for another purpose does not decrypt here. */
const PURPOSE = Buffer.from('mandate vault 1')

/** Keys derived from one vault key. */
interface DerivedKeys {
  /** Stored before each ciphertext, to select the key for decryption. Does not reveal the key. */
  readonly id: Buffer
  readonly encryption: Buffer
  /** HMAC key of the lookup hash. A `KeyObject`, because every request hashes and an HMAC with raw key bytes takes four times as long. */
  readonly lookup: KeyObject
  /** Secret from which the key of each token is derived. */
  readonly token: Buffer
}

/** The vault key in use, and further ones for rows and tokens that are encrypted under them. */
export class VaultKeys implements TokenEncryption {
  readonly #secrets: readonly Uint8Array[]
  readonly #current: DerivedKeys
  readonly #all: readonly DerivedKeys[]

  /** @param further - Keys that only decrypt and find: the former one after a rotation, and the next one before it. */
  constructor(current: Uint8Array, further: readonly Uint8Array[] = []) {
    this.#secrets = [current, ...further]
    this.#current = derive(current)
    this.#all = [this.#current, ...further.map(derive)]
  }

  /** Ids of all keys, the one in use first, in hexadecimal. They do not reveal the keys. */
  get ids(): readonly string[] {
    return this.#all.map(({ id }) => id.toString('hex'))
  }

  /** The same keys, with the one in use that encrypted a row. @throws Fault `internal` where none of them did. */
  withKeyOf(encrypted: Uint8Array): VaultKeys {
    const index = this.#indexOf(encrypted)
    const current = this.#secrets[index]
    if (!current) throw this.#unknownKey()
    return new VaultKeys(current, this.#secrets.toSpliced(index, 1))
  }

  #indexOf(encrypted: Uint8Array): number {
    const id = Buffer.from(encrypted).subarray(0, ID_BYTES)
    return this.#all.findIndex((key) => key.id.equals(id))
  }

  #unknownKey(): Fault {
    return new Fault(
      'internal',
      'the vault is encrypted with a key that is not configured; add its former key to PDP_VAULT_OLD_KEYS',
    )
  }

  /** Creates a random key, for a vault that is not kept after the process ends. */
  static random(): VaultKeys {
    return new VaultKeys(randomBytes(SECRET_BYTES))
  }

  /** @returns Key id, nonce, tag and ciphertext, concatenated. */
  encrypt(text: string | Uint8Array): Uint8Array {
    const { id, encryption } = this.#current
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', encryption, nonce).setAAD(PURPOSE)
    const ciphertext = Buffer.concat([cipher.update(text), cipher.final()])
    return Buffer.concat([id, nonce, cipher.getAuthTag(), ciphertext])
  }

  /** @throws Fault `internal` where none of the keys encrypted the text, or where it was altered. */
  decrypt(encrypted: Uint8Array): Buffer {
    const bytes = Buffer.from(encrypted)
    const key = this.#all[this.#indexOf(bytes)]
    if (!key) throw this.#unknownKey()
    const nonce = bytes.subarray(ID_BYTES, ID_BYTES + NONCE_BYTES)
    const tagAt = ID_BYTES + NONCE_BYTES
    const decipher = createDecipheriv('aes-256-gcm', key.encryption, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(PURPOSE).setAuthTag(bytes.subarray(tagAt, tagAt + TAG_BYTES))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(tagAt + TAG_BYTES)), decipher.final()])
    } catch (cause) {
      throw new Fault('internal', 'a row of the vault was altered', { cause })
    }
  }

  /**
   * Derives a key and a nonce for each token from a random salt. With random nonces under one key, AES-GCM would limit the number of tokens
   * (about 2^32 per key).
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
    // Rejects non-canonical base64url: several texts decode to the same bytes, and only one of them was issued.
    // allowed: timing: both texts are the caller's own token.
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

  /** Whether a row is encrypted under the key in use, not an older one. */
  isCurrent(encrypted: Uint8Array): boolean {
    return this.#current.id.equals(Buffer.from(encrypted).subarray(0, ID_BYTES))
  }

  /** Whether one of the keys, an older one perhaps, encrypted it. */
  canDecrypt(encrypted: Uint8Array): boolean {
    return this.#indexOf(encrypted) >= 0
  }

  /** Lookup hash (HMAC-SHA-256): deterministic, so that a row can be found by it, and useless without the key. */
  lookupHash(text: string): Uint8Array {
    return createHmac('sha256', this.#current.lookup).update(text).digest()
  }

  /** Lookup hashes by all keys, that of the key in use first: another PDP may have re-encrypted the vault under a further key. */
  lookupHashes(text: string): readonly Uint8Array[] {
    return this.#all.map(({ lookup }) => createHmac('sha256', lookup).update(text).digest())
  }
}

function derive(key: Uint8Array): DerivedKeys {
  if (key.length !== SECRET_BYTES) throw new RangeError(`a vault key has ${SECRET_BYTES} bytes, not ${key.length}`)
  const part = (info: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', key, new Uint8Array(), `mandate vault ${info}`, length))
  return {
    id: part('id', ID_BYTES),
    // The HKDF info texts `seal` and `find` are part of the stored format: another text would give another key.
    encryption: part('seal', SECRET_BYTES),
    lookup: createSecretKey(part('find', SECRET_BYTES)),
    token: part('token', SECRET_BYTES),
  }
}

function tokenKey(secret: Buffer, salt: Uint8Array): { readonly key: Buffer; readonly nonce: Buffer } {
  const derived = Buffer.from(hkdfSync('sha256', secret, salt, 'mandate token', SECRET_BYTES + NONCE_BYTES))
  return { key: derived.subarray(0, SECRET_BYTES), nonce: derived.subarray(SECRET_BYTES) }
}
