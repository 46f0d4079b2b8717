/**
 * A command for Keycloak's administrator: where it is and who signs in come from the environment, and what went wrong is one line.
 *
 * @module
 */
import process from 'node:process'
import { environmentObjection } from '@mandate/protocol'
import type { KeycloakAdmin } from './admin.ts'

const EXIT = { refused: 1, usage: 64 } as const

export interface Errand {
  /** The command as it is typed, such as `npm run harden-master`. */
  readonly command: string
  /** What it does, in a line. */
  readonly does: string
  /** Words that it takes, by name; it wants all of them. */
  readonly words: readonly string[]
  /** @returns what to say when it is done. */
  readonly run: (admin: KeycloakAdmin, ...words: readonly string[]) => Promise<string>
}

/** Sets the exit code: 1 when Keycloak refused or did not answer, 64 on wrong usage. */
export async function runErrand({ command, does, words, run }: Errand): Promise<void> {
  const { KEYCLOAK_URL: url, KEYCLOAK_ADMIN_USERNAME: username, KEYCLOAK_ADMIN_PASSWORD: password } = process.env
  const given = process.argv.slice(2)
  const usage =
    `usage: ${[command, ...(words.length > 0 ? ['--', ...words] : [])].join(' ')}\n\n${does}\n` +
    'Reads KEYCLOAK_URL, KEYCLOAK_ADMIN_USERNAME and KEYCLOAK_ADMIN_PASSWORD; the authority of a certificate of your own in NODE_EXTRA_CA_CERTS.\n'
  if (given.includes('--help') || given.includes('-h')) {
    process.stdout.write(usage)
    return
  }
  const objection = environmentObjection(process.env)
  if (objection !== undefined || !(url && username && password) || given.length !== words.length) {
    process.stderr.write(objection === undefined ? usage : `${objection}\n`)
    process.exitCode = EXIT.usage
    return
  }
  try {
    process.stdout.write(`${await run({ url, username, password }, ...given)}\n`)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = EXIT.refused
  }
}
