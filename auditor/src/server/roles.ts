/**
 * Roles in an access token. The signature is not verified: the token came directly from the token endpoint, and the roles only affect what the page shows.
 * The PDP verifies the token.
 *
 * @module
 */
import { hasSecondFactor } from '@mandate/protocol'
import { z } from 'zod'

/** Roles that open a section of the console. */
export const CONSOLE_ROLES = ['operator', 'persona-admin', 'auditor'] as const

const claimsSchema = z.object({
  roles: z.array(z.string()).catch([]),
  amr: z.unknown().optional(),
  acr: z.unknown().optional(),
})

/** Effective roles: none without a second factor. @param secondFactor - Rules, see {@link hasSecondFactor}. */
export function rolesIn(token: string, secondFactor: readonly string[]): readonly string[] {
  const claims = claimsOf(token)
  return hasSecondFactor(claims, secondFactor) ? claims.roles : []
}

/** Whether the person has roles that are not effective, because the second factor is missing. */
export function lacksSecondFactor(token: string, secondFactor: readonly string[]): boolean {
  const claims = claimsOf(token)
  return claims.roles.length > 0 && !hasSecondFactor(claims, secondFactor)
}

function claimsOf(token: string): z.output<typeof claimsSchema> {
  try {
    return claimsSchema.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()))
  } catch {
    return { roles: [], amr: undefined, acr: undefined }
  }
}
