/**
 * Which identity provider is asked.
 *
 * @module
 */
import type { ConnectionOptions } from '../command-line.ts'
import { CommandError, EXIT } from '../exit.ts'
import type { Io } from '../io.ts'
import { profileFile } from './profile.ts'

/** The issuer URL: `--issuer`, MANDATE_ISSUER, or that of the last sign-in. Compared as it is written, so it is not changed. */
export function issuerOf(io: Io, options: ConnectionOptions): string {
  const issuer = options.issuer ?? (io.environment['MANDATE_ISSUER'] || profileFile(io, options.profile).read()?.issuer)
  if (issuer !== undefined) return issuer
  throw new CommandError(EXIT.usage, 'Which identity provider?', {
    code: 'usage',
    mend: 'Give --issuer URL, or set MANDATE_ISSUER.',
  })
}
