/**
 * Logs which check of a token failed: the response does not tell it to the caller, and an operator needs it to correct a client or the issuer.
 *
 * @module
 */
import { errors } from 'jose'
import type { Clock } from '../ports/clock.ts'

/** Once per check in this time, in milliseconds: any client that can connect can send such tokens, and must not be able to fill the log. */
const QUIET_MS = 60_000

interface RefusedTokenLogOptions {
  readonly clock: Clock
  readonly logger: { readonly warn: (fields: object, message: string) => void }
  /** @default 'a token was refused' */
  readonly message?: string
}

/** Why a token was refused. `code`: of jose, or `claims` for one that is missing or of another kind. Never a value of the token. */
export interface TokenRefusal {
  readonly code: string
  readonly claim?: string | undefined
  readonly reason?: string | undefined
}

/**
 * Returns a function that logs a refused token at level `warn`, at most once a minute for each code and claim, with the number of those in between.
 * jose's codes and the claims that are checked are few, so the state is bounded.
 */
export function createRefusedTokenLog({
  clock,
  logger,
  message = 'a token was refused',
}: RefusedTokenLogOptions): (refusal: TokenRefusal) => void {
  const recent = new Map<string, { readonly at: number; skipped: number }>()
  return (refusal) => {
    const kind = `${refusal.code} ${refusal.claim ?? ''}`
    const last = recent.get(kind)
    const now = clock()
    if (last && now - last.at < QUIET_MS) {
      last.skipped += 1
      return
    }
    recent.set(kind, { at: now, skipped: 0 })
    logger.warn({ ...refusal, ...(last?.skipped && { skipped: last.skipped }) }, message)
  }
}

/** The check that failed, of an error of jose. Its message is left out: it may quote the token. */
export function tokenRefusal(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { code, claim, reason } = error
    return { code, claim, reason }
  }
  return { code: error instanceof errors.JOSEError ? error.code : 'unreadable' }
}
