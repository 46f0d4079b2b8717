/**
 * `npm run log -- …`: maintenance of a decision log: keys, archive, index, clock. Uses neither `process` nor the console.
 *
 * @module
 */
import { join } from 'node:path'
import { type EpochMillis, environmentObjection, Fault } from '@mandate/protocol'
import { nameAdvice } from '@mandate/service/nearest-name'
import { parseOptions, usageLine } from '@mandate/service/parse-options'
import type { ProcessIo as Process } from '@mandate/service/process-io'
import { nodeFiles } from '../log/files.ts'
import { type KeyChange, retireKey, rotateKey } from '../log/signer.ts'
import { acceptClock } from './accept-clock.ts'
import { runArchive } from './archive.ts'
import { INDEX_COMMANDS, maintainIndex } from './index-maintenance.ts'
import { runSnapshot } from './snapshot.ts'

export const HELP = `npm run log -- COMMAND --data DIR

  rotate-key     generates a new signing key; from the next start of the PDP on, both keys sign
  retire-key     deletes the old signing key once the new one has signed; its verifier key stays in log.vkeys

  archive        moves the oldest entries, encrypted, into an archive; their hashes stay, so the log still verifies
                   --before TIME (RFC 3339: entries older than that), --archive DIR; key in MANDATE_ARCHIVE_KEY
  restore        moves all archived entries back into the log; --archive DIR; key in MANDATE_ARCHIVE_KEY

  snapshot       copies the log, and pdp.db where there is one, for a backup; without keys; the PDP may run
                   --to DIR (must not exist; on the same file system tiles are hard links)

  fsck           compares the index with the log and lists every disagreement
  rebuild-index  deletes the index of this log and builds it anew; stop the PDP first

  accept-clock   confirms that the machine's clock is right after a start was refused because of it; stop the PDP first
                   --time TIME (RFC 3339: the present time, read from another clock)

  --data DIR     the PDP's data directory; default: PDP_DATA_DIR
  PDP_INDEX_URL  the index, where it is a PostgreSQL database and not a file in that directory

Earlier names still work: seal (archive), unseal (restore), MANDATE_SEAL_KEY (MANDATE_ARCHIVE_KEY).
`

/** Input, output and clock of the process. */
export interface ProcessIo extends Pick<Process, 'out' | 'err' | 'environment'> {
  /** The machine's clock. */
  readonly now?: () => EpochMillis
}

const EXIT = { ok: 0, usage: 64, refused: 65 } as const

/** @returns The exit code. */
export async function runLogCommand(argv: readonly string[], io: ProcessIo): Promise<number> {
  const { out, err, environment } = io
  const asked = parseCommandLine(argv)
  if (asked.ok && asked.values.help) {
    out(HELP)
    return EXIT.ok
  }
  const objection = environmentObjection(environment)
  if (objection !== undefined) {
    err(`${objection}\n`)
    return EXIT.usage
  }
  const task = asked.ok ? taskOf(asked, environment['PDP_DATA_DIR']) : asked
  if (task.ok) return await perform(task, io)
  err(usageLine(task.error, 'npm run log -- --help'))
  return EXIT.usage
}

const COMMANDS = [
  ...INDEX_COMMANDS,
  'accept-clock',
  'archive',
  'restore',
  'snapshot',
  'rotate-key',
  'retire-key',
] as const

/** Names of version 0.1, still accepted. */
const EARLIER_NAMES = new Map<string, string>([
  ['seal', 'archive'],
  ['unseal', 'restore'],
])

const archiveKeyOf = (environment: ProcessIo['environment']): string | undefined =>
  environment['MANDATE_ARCHIVE_KEY'] ?? environment['MANDATE_SEAL_KEY']

interface UsageError {
  readonly ok: false
  readonly error: string
}

interface Task {
  readonly ok: true
  readonly command: (typeof COMMANDS)[number]
  readonly directory: string
  readonly values: CommandLine['values']
}

type CommandLine = Extract<ReturnType<typeof parseCommandLine>, { readonly ok: true }>

function parseCommandLine(argv: readonly string[]) {
  const options = {
    data: { type: 'string' },
    before: { type: 'string' },
    archive: { type: 'string' },
    time: { type: 'string' },
    to: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const
  try {
    return { ok: true as const, ...parseOptions(argv, options, 'allowed') }
  } catch (error) {
    return usageError(error instanceof Error ? error.message : String(error))
  }
}

function taskOf(
  { values, positionals: [name, ...more] }: CommandLine,
  byDefault: string | undefined,
): Task | UsageError {
  const directory = values.data ?? byDefault
  const command = COMMANDS.find((one) => one === (EARLIER_NAMES.get(name ?? '') ?? name))
  if (command === undefined)
    return usageError(
      name === undefined ? 'Name a command.' : `There is no command ${name}. ${nameAdvice(name, COMMANDS)}`,
    )
  if (more.length > 0) return usageError(`${command} takes no further argument: ${more.join(' ')}`)
  if (!directory) return usageError("--data: must be the PDP's data directory")
  return { ok: true, command, directory, values }
}

const usageError = (error: string): UsageError => ({ ok: false, error })

async function perform({ command, directory, values }: Task, io: ProcessIo): Promise<number> {
  const { out, err, environment, now = Date.now } = io
  const line = (text: string) => out(`${text}\n`)
  if (command === 'fsck' || command === 'rebuild-index')
    return maintainIndex(command, { directory, indexUrl: environment['PDP_INDEX_URL'] }, line)
  if (command === 'accept-clock') return acceptClock({ directory, time: values.time, now }, line)
  if (command === 'snapshot') return runSnapshot({ directory, to: values.to }, line)
  if (command === 'archive' || command === 'restore')
    return runArchive(command, { directory, ...values, key: archiveKeyOf(environment) }, line)
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
