/**
 * Says in the log why tokens are refused: the caller is told only that they are, and the developer of a service needs to know the check that failed. Each reason is
 * logged once a process, so that a flood of bad tokens is no flood of lines. No line holds a token or a value of a claim.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { z } from 'zod'
import type { PepLogger } from './refusal.ts'
import type { TokenVerifier } from './token.ts'

/** Most reasons that are logged. */
const MAX_REASONS = 100

export function reportingRefusals(verifier: TokenVerifier, logger: PepLogger): TokenVerifier {
  const told = new Set<string>()
  const tell = (fault: Fault): void => {
    const reason = reasonOf(fault)
    if (told.has(reason) || told.size >= MAX_REASONS) return
    told.add(reason)
    logger.warn({ code: 'token_refused' }, reason)
  }
  return {
    ...verifier,
    verify: async (token) => {
      try {
        return await verifier.verify(token)
      } catch (error) {
        if (error instanceof Fault && error.code === 'unauthenticated') tell(error)
        throw error
      }
    },
  }
}

/** Messages of jose and zod name claims, and no values. */
function reasonOf({ message, cause }: Fault): string {
  if (cause instanceof z.ZodError) return `${message}: ${cause.issues.map(({ path }) => path.join('.')).join(', ')}`
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
