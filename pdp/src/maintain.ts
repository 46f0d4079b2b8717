/**
 * `npm run log -- …`: what is done to a log's keys and its index, while its PDP stands or runs. Sees neither `process` nor the console.
 *
 * @module
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type EpochMillis, Fault } from '@mandate/protocol'
import { acceptClock } from './accept-clock.ts'
import { nodeFiles } from './log/files.ts'
import { type KeyChange, retireKey, rotateKey } from './log/signer.ts'
import { runSealing } from './sealing.ts'
import { runUpkeep, UPKEEP } from './upkeep.ts'

export const HELP = `npm run log -- COMMAND --data DIR

  rotate-key     makes a new signing key; from the next start of the PDP on both sign
  retire-key     takes the old key away, once the new one has signed; its verifier key stays in log.vkeys

  seal           puts the oldest entries into an archive, encrypted; their hashes stay, and everything still verifies
                   --before TIME (RFC 3339: entries older than that), --archive DIR; the key in MANDATE_SEAL_KEY
  unseal         brings all of it back; --archive DIR

  fsck           holds the index against the log; names every disagreement
  rebuild-index  throws the index of this log away and builds it anew; the PDP must stand

  accept-clock   says that the machine's clock is right, where a start was refused because of it; the PDP must stand
                   --time TIME (RFC 3339: what time it is by another clock)

  --data DIR     the PDP's data directory; PDP_DATA_DIR when it is not given
  PDP_INDEX_URL  where the index is, when it is not a file there
`

/** What the process lends. */
export interface Lent {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The machine's clock. */
  readonly now?: () => EpochMillis
}

const EXIT = { ok: 0, usage: 64, refused: 65 } as const

/** @returns The exit code. */
export async function maintain(argv: readonly string[], lent: Lent): Promise<number> {
  const { out, err, environment, now = Date.now } = lent
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      data: { type: 'string' },
      before: { type: 'string' },
      archive: { type: 'string' },
      time: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  })
  const [command, ...more] = positionals
  const directory = values.data ?? environment['PDP_DATA_DIR']
  if (values.help) {
    out(HELP)
    return EXIT.ok
  }
  const upkeep = UPKEEP.find((name) => name === command)
  if (upkeep && directory && more.length === 0)
    return runUpkeep(upkeep, { directory, indexUrl: environment['PDP_INDEX_URL'] }, (line) => out(`${line}\n`))
  if (command === 'accept-clock' && directory && more.length === 0)
    return acceptClock({ directory, time: values.time, now }, (line) => out(`${line}\n`))
  if ((command === 'seal' || command === 'unseal') && directory && more.length === 0)
    return runSealing(command, { directory, ...values, key: environment['MANDATE_SEAL_KEY'] }, (line) =>
      out(`${line}\n`),
    )
  if ((command !== 'rotate-key' && command !== 'retire-key') || more.length > 0 || !directory) {
    err(HELP)
    return EXIT.usage
  }
  try {
    out(said(command, await change(command, directory)))
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    err(`${error.message}\n`)
    return EXIT.refused
  }
}

type Command = 'rotate-key' | 'retire-key'

async function change(command: Command, directory: string): Promise<KeyChange> {
  const files = nodeFiles()
  if (command === 'rotate-key') return rotateKey(files, directory)
  const checkpoint = await files.read(join(directory, 'log', 'checkpoint'))
  return retireKey(files, directory, checkpoint && new TextDecoder().decode(checkpoint))
}

function said(command: Command, { newest, other }: KeyChange): string {
  return command === 'rotate-key'
    ? `new key         ${newest}\nstill signing   ${other}\nRestart the PDP, hand the new key to the auditors, then retire the old one.\n`
    : `signs alone     ${newest}\nretired         ${other}\nRestart the PDP. Auditors keep the retired key for checkpoints from before.\n`
}
