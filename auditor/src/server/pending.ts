/**
 * A sign-in under way, sealed into the browser's own cookie: nothing of it is kept here, so that no number of sign-ins that others begin
 * can push it out. Sealed, because the verifier must not be readable in the browser, and the path to come back to not be chosen there.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { EncryptJWT, jwtDecrypt } from 'jose'
import { z } from 'zod'
import type { Pending } from './identity.ts'

/** How long a sign-in may take, in seconds. */
export const SIGN_IN_S = 600
const AUDIENCE = 'mandate-auditor-sign-in'

const pendingSchema = z.object({
  verifier: z.string(),
  state: z.string(),
  nonce: z.string(),
  stepUp: z.boolean().optional(),
  to: z.string(),
})
export type SignInUnderWay = Pending & { readonly to: string }

export interface PendingSignIns {
  /** @param to - The path to come back to. */
  seal(pending: Pending, to: string): Promise<string>
  /** @returns `undefined` for what was not sealed by this process, was altered, or is older than {@link SIGN_IN_S}. */
  open(sealed: string | undefined): Promise<SignInUnderWay | undefined>
}

/** The key is this process's own: a restart ends the sign-ins that are under way, and they begin anew. */
export function createPendingSignIns(now: () => number = Date.now): PendingSignIns {
  const key = randomBytes(32)
  return {
    seal: async ({ verifier, state, nonce, stepUp = false }, to) => {
      const at = Math.floor(now() / 1_000)
      return await new EncryptJWT({ verifier, state, nonce, stepUp, to })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(AUDIENCE)
        .setIssuedAt(at)
        .setExpirationTime(at + SIGN_IN_S)
        .encrypt(key)
    },
    open: async (sealed) => {
      if (sealed === undefined) return undefined
      const rules = { audience: AUDIENCE, currentDate: new Date(now()), requiredClaims: ['exp'] }
      const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }
      try {
        const { payload } = await jwtDecrypt(sealed, key, { ...rules, ...algorithms })
        return pendingSchema.parse(payload)
      } catch {
        return undefined
      }
    },
  }
}
