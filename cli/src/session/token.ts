/**
 * `mandate token`: an access token in a private file, for programs that call a service as the person.
 *
 * @module
 */
import type { ConnectionOptions, Work } from '../command-line.ts'
import { minuteText, print } from '../output.ts'
import { requireReplaceable, writePrivate } from '../private-output.ts'
import { profileFile } from './profile.ts'
import { tokenFor } from './tokens.ts'

interface TokenOptions extends ConnectionOptions {
  readonly out: string
  readonly header?: true
}

export const writeToken: Work<TokenOptions> = async (io, { options, args: [audience = ''] }) => {
  requireReplaceable(options.out)
  const { token, endsAt } = await tokenFor(profileFile(io, options.profile), audience)
  writePrivate(options.out, options.header ? `authorization: Bearer ${token}\n` : `${token}\n`)
  const until = new Date(endsAt).toISOString()
  print(io, options, { audience, file: options.out, until }, () => [
    `A token for ${audience} is in ${options.out}, valid until ${minuteText(until)}.`,
  ])
  return undefined
}
