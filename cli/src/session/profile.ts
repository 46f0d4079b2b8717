/**
 * The sign-ins that are kept between commands: one private file each, by the name of its profile.
 *
 * @module
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, writeAtomically } from '@mandate/service/private-files'
import { withLock } from '@mandate/service/process-lock'
import { z } from 'zod'
import { CommandError, EXIT, usageError } from '../exit.ts'
import type { Io } from '../io.ts'
import { requirePrivate } from '../private-input.ts'

const DEFAULT_PROFILE = 'default'
const NAME = /^[a-z0-9][a-z0-9-]{0,29}$/u

const profileSchema = z.strictObject({
  v: z.literal(1),
  pdp: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  subject: z.string(),
  /** What the person called themself at `login --name`. It stays on this machine, as in the window. */
  name: z.string().optional(),
  /** When the person signed in, in milliseconds since 1970. */
  signedInAt: z.number().optional(),
  refreshToken: z.string(),
  idToken: z.string(),
  /** The DPoP key that the refresh token is bound to. */
  key: z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string() }),
  /** The last access token, and when it is to be replaced, in milliseconds since 1970. */
  access: z.strictObject({ token: z.string(), staleAt: z.number() }).optional(),
})
/** A sign-in: addresses, tokens and key. */
export type Profile = z.infer<typeof profileSchema>

/** Where a profile is kept. */
export interface ProfileFile {
  readonly name: string
  /** The profile; `undefined` when nobody signed in. @throws CommandError (exit 65) when the file is damaged, 77 when it is not private. */
  readonly read: () => Profile | undefined
  readonly write: (profile: Profile) => void
  readonly remove: () => void
  /** Runs `work` while no other process of this user changes the profile. */
  readonly locked: <T>(work: () => Promise<T>) => Promise<T>
}

/** The file of a profile. @param chosen - `--profile`. @default MANDATE_PROFILE, else `default` */
export function profileFile({ environment }: Io, chosen: string | undefined): ProfileFile {
  const name = chosen ?? (environment['MANDATE_PROFILE'] || DEFAULT_PROFILE)
  if (!NAME.test(name)) throw usageError(`The profile ${name} must be 1 to 30 lower-case letters, digits or "-".`)
  const folder = join(configFolder(environment), 'mandate', 'sessions')
  const file = join(folder, `${name}.json`)
  return {
    name,
    read: () => parse(file, readFile(file)),
    write: (profile) => writeAtomically(file, `${JSON.stringify(profile)}\n`),
    remove: () => rmSync(file, { force: true }),
    locked: (work) => withLock(join(folder, `${name}.lock`), work),
  }
}

function configFolder(environment: Io['environment']): string {
  const home = environment['HOME'] ?? environment['USERPROFILE']
  const folder = environment['XDG_CONFIG_HOME'] || (home && join(home, '.config'))
  if (!folder) throw usageError('There is no home folder: set HOME or XDG_CONFIG_HOME.')
  return folder
}

function readFile(file: string): unknown {
  requirePrivate(file)
  try {
    return readJson(file)
  } catch (cause) {
    throw damaged(file, cause)
  }
}

function parse(file: string, content: unknown): Profile | undefined {
  if (content === undefined) return undefined
  const parsed = profileSchema.safeParse(content)
  if (parsed.success) return parsed.data
  throw damaged(file, parsed.error)
}

/** The file's content is not shown: it holds tokens. */
function damaged(file: string, cause: unknown): CommandError {
  const mend = 'Sign in again: mandate login.'
  return new CommandError(EXIT.data, `${file} is damaged.`, { code: 'profile_damaged', mend, cause })
}
