/**
 * Verifies bearer tokens by jose and then by the provider's adapter, if there is one, and caches the result briefly, because every request of a
 * caller carries the same token. Only the verification is cached; the PDP checks with every question whether the session has ended.
 *
 * @module
 */
import { hash } from 'node:crypto'
import type { EpochMillis } from '@mandate/protocol'
import type { TokenAdapter } from './provider.ts'
import { CLOCK_TOLERANCE_S, type Claims, type TokenVerifier } from './token.ts'

export interface Recognised {
  readonly claims: Claims
  /** The adapter's members of the request. Shared by every request with this token, and therefore frozen. */
  readonly attached: Readonly<Record<string, unknown>>
}

export interface RecogniseDeps {
  readonly verifier: Pick<TokenVerifier, 'verify'>
  /** @default attaches nothing */
  readonly adapter?: TokenAdapter | undefined
  /** Longest age of a token, counted from its `iat`. */
  readonly maxTokenAgeSeconds: number
  readonly now: () => EpochMillis
}

/** @throws Fault `unauthenticated` or `identity_unavailable`; neither is cached. */
export type Recognise = (token: string) => Promise<Recognised>

/** Longest time that a verification is cached, in milliseconds: after it a withdrawn signing key has effect. */
const REMEMBERED_MS = 60_000
/** Most cached tokens; the oldest is evicted. */
const MAX_REMEMBERED = 10_000

interface Remembered {
  readonly recognised: Promise<Recognised>
  readonly since: EpochMillis
}

export function createRecognise({ verifier, adapter, maxTokenAgeSeconds, now }: RecogniseDeps): Recognise {
  // The key is a hash, so that the cache holds no token.
  const remembered = new Map<string, Remembered>()
  const recognise = async (token: string): Promise<Recognised> => {
    const claims = await verifier.verify(token)
    return { claims, attached: adapter === undefined ? {} : await adapter(token) }
  }
  const begin = (token: string, key: string): Promise<Recognised> => {
    const recognised = recognise(token)
    const entry = { recognised, since: now() }
    remembered.delete(key)
    remembered.set(key, entry)
    if (remembered.size > MAX_REMEMBERED) forgetFirst(remembered)
    recognised.catch(() => {
      if (remembered.get(key) === entry) remembered.delete(key)
    })
    return recognised
  }
  return async (token) => {
    const key = hash('sha256', token, 'base64url')
    const known = remembered.get(key)
    const age = known === undefined ? Number.POSITIVE_INFINITY : now() - known.since
    // A clock that was set back would prolong the cache entry; it is ignored then.
    if (known === undefined || age < 0 || age >= REMEMBERED_MS) return await begin(token, key)
    const recognised = await known.recognised
    const { exp, iat } = recognised.claims
    const isOver = Math.min(exp, iat + maxTokenAgeSeconds) + CLOCK_TOLERANCE_S <= now() / 1_000
    return isOver ? await begin(token, key) : recognised
  }
}

function forgetFirst(remembered: Map<string, Remembered>): void {
  const [first] = remembered.keys()
  if (first !== undefined) remembered.delete(first)
}
