/**
 * What an access token says of its person's roles. It came straight from the token endpoint, and decides nothing here: the PDP verifies it.
 *
 * @module
 */
import { hasSecondFactor } from '@mandate/protocol'
import { z } from 'zod'

const claimsSchema = z.object({
  roles: z.array(z.string()).catch([]),
  amr: z.unknown().optional(),
  acr: z.unknown().optional(),
})

/** Roles that count: those of a person who signed in by a second factor. */
export function rolesIn(token: string, secondFactor: readonly string[]): readonly string[] {
  const claims = claimsOf(token)
  return hasSecondFactor(claims, secondFactor) ? claims.roles : []
}

/** Whether the person has a role that does not count yet. */
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
