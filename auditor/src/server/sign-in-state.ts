/**
 * State of sign-ins in progress, encrypted in a cookie (JWE). The server stores nothing, so a flood of sign-ins cannot evict others. Encrypted, so that the
 * browser can neither read the PKCE verifier nor choose the redirect path.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { EncryptJWT, jwtDecrypt } from 'jose'
import { z } from 'zod'
import type { Pending } from './identity.ts'

/** Maximum duration of a sign-in, in seconds. */
export const SIGN_IN_S = 600
const AUDIENCE = 'mandate-auditor-sign-in'

const pendingSchema = z.object({
  verifier: z.string(),
  state: z.string(),
  nonce: z.string(),
  stepUp: z.boolean().optional(),
  to: z.string(),
})
/** A decrypted state, with the path to redirect to. */
export type SignInState = Pending & { readonly to: string }

/** Encrypts and decrypts sign-in states. */
export interface SignInStates {
  /** Returns the cookie's value. @param to - Path to redirect to after the sign-in. */
  encrypt(pending: Pending, to: string): Promise<string>
  /** Resolves to `undefined` for a cookie of another process, an altered one, and one older than {@link SIGN_IN_S}. */
  decrypt(cookie: string | undefined): Promise<SignInState | undefined>
}

/** Creates an encrypter with a random key: after a restart, sign-ins in progress must be started again. */
export function createSignInStates(now: () => number = Date.now): SignInStates {
  const key = randomBytes(32)
  return {
    encrypt: async ({ verifier, state, nonce, stepUp = false }, to) => {
      const at = Math.floor(now() / 1_000)
      return await new EncryptJWT({ verifier, state, nonce, stepUp, to })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(AUDIENCE)
        .setIssuedAt(at)
        .setExpirationTime(at + SIGN_IN_S)
        .encrypt(key)
    },
    decrypt: async (cookie) => {
      if (cookie === undefined) return undefined
      const rules = { audience: AUDIENCE, currentDate: new Date(now()), requiredClaims: ['exp'] }
      const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }
      try {
        const { payload } = await jwtDecrypt(cookie, key, { ...rules, ...algorithms })
        return pendingSchema.parse(payload)
      } catch {
        return undefined
      }
    },
  }
}
