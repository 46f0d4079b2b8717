/**
 * Command line scaffold for tasks of Keycloak's administrator: address and credentials come from the environment, an error is one line on stderr.
 *
 * @module
 */
import process from 'node:process'
import { environmentObjection } from '@mandate/protocol'
import type { KeycloakAdmin } from './admin.ts'

const EXIT = { refused: 1, usage: 64 } as const

/** A task of the administrator, as a command. */
export interface AdminTask {
  /** The command as typed, such as `npm run harden-master`. */
  readonly command: string
  /** One-line description for the usage text. */
  readonly does: string
  /** Names of its positional arguments; all are required. */
  readonly words: readonly string[]
  /** Performs the task. Resolves to the text to print. */
  readonly run: (admin: KeycloakAdmin, ...words: readonly string[]) => Promise<string>
}

/** Runs the task and sets the exit code: 1 when Keycloak refused or did not respond, 64 on wrong usage. */
export async function runAdminTask({ command, does, words, run }: AdminTask): Promise<void> {
  const { KEYCLOAK_URL: url, KEYCLOAK_ADMIN_USERNAME: username, KEYCLOAK_ADMIN_PASSWORD: password } = process.env
  const { KEYCLOAK_REALM: realm = 'mandate' } = process.env
  const given = process.argv.slice(2)
  const usage =
    `usage: ${[command, ...(words.length > 0 ? ['--', ...words] : [])].join(' ')}\n\n${does}\n` +
    'Reads KEYCLOAK_URL, KEYCLOAK_ADMIN_USERNAME and KEYCLOAK_ADMIN_PASSWORD; put the CA of your own certificate into NODE_EXTRA_CA_CERTS.\n'
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
    process.stdout.write(`${await run({ url, username, password, realm }, ...given)}\n`)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = EXIT.refused
  }
}
