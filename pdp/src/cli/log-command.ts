/**
 * `npm run log -- …`: what is done to a log's keys and its index, while its PDP stands or runs. Sees neither `process` nor the console.
 *
 * @module
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type EpochMillis, environmentObjection, Fault } from '@mandate/protocol'
import { nodeFiles } from '../log/files.ts'
import { type KeyChange, retireKey, rotateKey } from '../log/signer.ts'
import { acceptClock } from './accept-clock.ts'
import { runArchive } from './archive.ts'
import { maintainIndex, UPKEEP } from './index-maintenance.ts'

export const HELP = `npm run log -- COMMAND --data DIR

  rotate-key     makes a new signing key; from the next start of the PDP on both sign
  retire-key     takes the old key away, once the new one has signed; its verifier key stays in log.vkeys

  seal           puts the oldest entries into an archive, encrypted; their hashes stay, and everything still verifies
                   --before TIME (RFC 3339: entries older than that), --archive DIR; the key in MANDATE_SEAL_KEY
  unseal         brings all of it back; --archive DIR

  fsck           holds the index against the log; names every disagreement
  rebuild-index  throws the index of this log away and builds it anew; stop the PDP first

  accept-clock   says that the machine's clock is right, where a start was refused because of it; stop the PDP first
                   --time TIME (RFC 3339: what time it is by another clock)

  --data DIR     the PDP's data directory; PDP_DATA_DIR when it is not given
  PDP_INDEX_URL  where the index is, when it is not a file there
`

/** What the process lends. */
export interface ProcessIo {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The machine's clock. */
  readonly now?: () => EpochMillis
}

const EXIT = { ok: 0, usage: 64, refused: 65 } as const

/** @returns The exit code. */
export async function runLogCommand(argv: readonly string[], lent: ProcessIo): Promise<number> {
  const { out, err, environment } = lent
  const asked = read(argv)
  if (typeof asked === 'object' && asked.values.help) {
    out(HELP)
    return EXIT.ok
  }
  const objection = environmentObjection(environment)
  if (objection !== undefined) {
    err(`${objection}\n`)
    return EXIT.usage
  }
  const task = typeof asked === 'string' ? asked : taskOf(asked, environment['PDP_DATA_DIR'])
  if (typeof task !== 'string') return await perform(task, lent)
  err(`${task}\n\n${HELP}`)
  return EXIT.usage
}

const COMMANDS = [...UPKEEP, 'accept-clock', 'seal', 'unseal', 'rotate-key', 'retire-key'] as const

interface Task {
  readonly command: (typeof COMMANDS)[number]
  readonly directory: string
  readonly values: Extract<ReturnType<typeof read>, object>['values']
}

/** The command line; what is wrong with it where it cannot be read. */
function read(argv: readonly string[]) {
  const options = {
    data: { type: 'string' },
    before: { type: 'string' },
    archive: { type: 'string' },
    time: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function taskOf(
  { values, positionals: [name, ...more] }: Extract<ReturnType<typeof read>, object>,
  byDefault: string | undefined,
): Task | string {
  const directory = values.data ?? byDefault
  const command = COMMANDS.find((one) => one === name)
  if (command === undefined) return name === undefined ? 'Which command?' : `There is no command ${name}.`
  if (more.length > 0) return `${command} takes no further word: ${more.join(' ')}`
  return directory ? { command, directory, values } : "--data: name the PDP's data directory"
}

async function perform({ command, directory, values }: Task, lent: ProcessIo): Promise<number> {
  const { out, err, environment, now = Date.now } = lent
  const line = (text: string) => out(`${text}\n`)
  if (command === 'fsck' || command === 'rebuild-index')
    return maintainIndex(command, { directory, indexUrl: environment['PDP_INDEX_URL'] }, line)
  if (command === 'accept-clock') return acceptClock({ directory, time: values.time, now }, line)
  if (command === 'seal' || command === 'unseal')
    return runArchive(command, { directory, ...values, key: environment['MANDATE_SEAL_KEY'] }, line)
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
