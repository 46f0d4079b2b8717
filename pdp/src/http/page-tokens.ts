/**
 * Page tokens of lists and streams. Encrypted, because the position (last candidate of a search, index in the log) may be confidential; bound to the
 * caller and the request, so that no other caller or request can use them.
 *
 * @module
 */
import { canonical, refuse } from '@mandate/protocol'
import type { z } from 'zod'
import type { Principal } from '../pap/pap.ts'
import type { TokenEncryption } from '../ports/stores.ts'
import { requestText } from './json.ts'

/** Caller and request that a token is bound to. */
export interface TokenBinding {
  /** The list, such as `GET /v1/grants`. */
  readonly list: string
  readonly by: Pick<Principal, 'name' | 'actor'>
  /** The request without its paging members. */
  readonly question: unknown
}

/** Plaintexts are padded to a multiple of this many bytes, so that a token's length does not reveal an id's length. */
const PADDING_BYTES = 64

export class PageTokens {
  readonly #tokenEncryption: TokenEncryption

  constructor(tokenEncryption: TokenEncryption) {
    this.#tokenEncryption = tokenEncryption
  }

  /** Encrypts a position. @param position - Any JSON value. */
  encrypt(position: unknown, of: TokenBinding): string {
    const text = JSON.stringify(position)
    const bytes = Buffer.byteLength(text)
    return this.#tokenEncryption.encryptToken(text + ' '.repeat(-bytes & (PADDING_BYTES - 1)), boundTo(of))
  }

  /**
   * Decrypts a token.
   *
   * @param member - Name of the request member with the token, for the message.
   * @throws Fault `invalid_request` for a token of another caller or request, or one that this PDP did not issue.
   */
  decrypt<T>(token: string, member: string, position: z.ZodType<T>, of: TokenBinding): T {
    const text = this.#tokenEncryption.decryptToken(token, boundTo(of))
    const parsed = position.safeParse(text === undefined ? undefined : JSON.parse(text))
    if (parsed.success) return parsed.data
    throw refuse(
      'invalid_request',
      `${member}: belongs to another caller or another request, or was not issued here. Send the token of the last page with the same members, as the same caller; or omit it to start again.`,
    )
  }
}

const boundTo = ({ list, by, question }: TokenBinding): string =>
  canonical([list, by.name, by.actor ?? '', requestText(question ?? {})])
