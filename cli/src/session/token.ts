/**
 * `mandate token`: an access token in a private file, for programs that call a service as the person.
 *
 * @module
 */
import { writeAtomically } from '@mandate/service/private-files'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { minuteText, print } from '../output.ts'
import { profileFile } from './profile.ts'
import { tokenFor } from './tokens.ts'

interface TokenOptions extends ConnectionOptions {
  readonly out: string
  readonly header?: true
}

export const writeToken: Work<TokenOptions> = async (io, { options, args: [audience = ''] }) => {
  const { token, endsAt } = await tokenFor(profileFile(io, options.profile), audience)
  writeAtomically(options.out, options.header ? `authorization: Bearer ${token}\n` : `${token}\n`)
  const until = new Date(endsAt).toISOString()
  print(io, options, { audience, file: options.out, until }, () => [
    `A token for ${audience} is in ${options.out}, valid until ${minuteText(until)}.`,
  ])
  return undefined
}
