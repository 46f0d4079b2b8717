/**
 * `mandate logout`: forgets the session, and ends it at the identity provider when that answers.
 *
 * @module
 */
import { createIdentity, endSession, keyOf } from '@mandate/desktop/native-session'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { print } from '../output.ts'
import { profileFile } from './profile.ts'

export const logout: Work<ConnectionOptions> = async (io, { options }) => {
  const file = profileFile(io, options.profile)
  const ended = await file.locked(async () => {
    const kept = file.read()
    file.remove()
    return kept
  })
  if (ended) {
    const configuration = await createIdentity(ended)
      .configuration()
      .catch(() => undefined)
    if (configuration) await endSession(configuration, ended, await keyOf(ended.key))
    else io.err(`${ended.issuer} does not answer: the session ends there when it has been idle for long enough.\n`)
  }
  print(io, options, { profile: file.name, signed_out: ended !== undefined }, () => [
    ended ? `Signed out (profile ${file.name}).` : `Nobody was signed in (profile ${file.name}).`,
  ])
  return undefined
}
