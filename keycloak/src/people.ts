/**
 * The people of the story. A login name is all that Keycloak knows of them: no e-mail, no real name.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Credentials } from './form-login.ts'
import { toBase32 } from './totp.ts'

/** Client roles of `pdp`. Each of them makes Keycloak ask for a one-time code. */
export type PdpRole = 'auditor' | 'operator' | 'persona-admin'

/** Login names, each with the role it holds, or `undefined` for people who act for themselves. */
export const PEOPLE = {
  carlo: undefined,
  yannick: undefined,
  sam: undefined,
  ada: 'auditor',
  olga: 'operator',
  petra: 'persona-admin',
} as const satisfies Record<string, PdpRole | undefined>

/** Fresh passwords (144 bits), and a TOTP secret (160 bits, Base32) for everybody with a role. */
export function generatePeople(): Record<string, Credentials> {
  const people: Record<string, Credentials> = {}
  for (const [username, role] of Object.entries(PEOPLE)) {
    const password = randomBytes(18).toString('base64url')
    people[username] = { username, password, ...(role && { totpSecret: toBase32(randomBytes(20)) }) }
  }
  return people
}
