/**
 * Tokens that say where a list or a stream goes on: sealed, since what they name (the last candidate of a search, a position in the log) may be
 * nothing that the caller may know; bound to the caller and the question, so that they are of no use to another.
 *
 * @module
 */
import { canonical, refuse } from '@mandate/protocol'
import type { z } from 'zod'
import type { Principal } from '../pap/pap.ts'
import type { TokenEncryption } from '../ports/stores.ts'
import { requestText } from './json.ts'

/** What a token belongs to. */
export interface TokenOf {
  /** The list, such as `GET /v1/grants`. */
  readonly list: string
  readonly by: Pick<Principal, 'name' | 'actor'>
  /** All that was asked, without the paging. */
  readonly question: unknown
}

/** Texts are padded to a multiple of this, so that a token's length does not tell that of an id. */
const PADDED = 64

export class PageTokens {
  readonly #tokenEncryption: TokenEncryption

  constructor(tokenEncryption: TokenEncryption) {
    this.#tokenEncryption = tokenEncryption
  }

  /** @param position - JSON. */
  seal(position: unknown, of: TokenOf): string {
    const text = JSON.stringify(position)
    const bytes = Buffer.byteLength(text)
    return this.#tokenEncryption.encryptToken(text + ' '.repeat(-bytes & (PADDED - 1)), boundTo(of))
  }

  /**
   * @param member - Where the token stood in the request.
   * @throws Fault `invalid_request` for a token of another caller or question, and for one that was not issued here.
   */
  open<T>(token: string, member: string, position: z.ZodType<T>, of: TokenOf): T {
    const text = this.#tokenEncryption.decryptToken(token, boundTo(of))
    const parsed = position.safeParse(text === undefined ? undefined : JSON.parse(text))
    if (parsed.success) return parsed.data
    throw refuse(
      'invalid_request',
      `${member}: is of another caller or another question, or was not issued here. Send the token of the last page with the same members, as the same caller; or leave it out to begin anew.`,
    )
  }
}

const boundTo = ({ list, by, question }: TokenOf): string =>
  canonical([list, by.name, by.actor ?? '', requestText(question ?? {})])
