/**
 * The people of the demo. In Keycloak they have only a login name: no e-mail, no real name.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Credentials } from './form-login.ts'
import { toBase32 } from './totp.ts'

/** Client roles of `pdp`. Keycloak requires a one-time code from people with one of them. */
export type PdpRole = 'auditor' | 'operator' | 'persona-admin'

/** Login names with their role; `undefined` for people without a role. */
export const PEOPLE = {
  carlo: undefined,
  yannick: undefined,
  sam: undefined,
  ada: 'auditor',
  olga: 'operator',
  petra: 'persona-admin',
} as const satisfies Record<string, PdpRole | undefined>

/** Generates credentials: a password (144 bits), and for people with a role a TOTP secret (160 bits, Base32). */
export function generatePeople(): Record<string, Credentials> {
  const people: Record<string, Credentials> = {}
  for (const [username, role] of Object.entries(PEOPLE)) {
    const password = randomBytes(18).toString('base64url')
    people[username] = { username, password, ...(role && { totpSecret: toBase32(randomBytes(20)) }) }
  }
  return people
}
