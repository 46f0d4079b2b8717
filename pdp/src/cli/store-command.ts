/**
 * `npm run store -- …`: moves of a PDP's database (SQLite to PostgreSQL, embedded tuples to OpenFGA), and the schema on PostgreSQL. Uses neither
 * `process` nor the console.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { ConfigError, configErrorText, EXIT_CONFIG } from '@mandate/service'
import { nameAdvice } from '@mandate/service/nearest-name'
import { parseOptions, usageLine } from '@mandate/service/parse-options'
import { MoveRefused } from '../store/move.ts'
import { prepareDatabase } from '../store/postgres-migrations.ts'
import { databasePlace } from '../store/postgres-session.ts'
import type { ProcessIo } from './log-command.ts'
import { moveStore } from './store-move.ts'
import { readImportSettings, readStoreSettings, type StoreSettings } from './store-settings.ts'

export const STORE_HELP = `npm run store -- COMMAND

  migrate      brings the schema of the PostgreSQL database to the version of this release, and names both versions;
               a PDP does the same at its start. Migrate before the first PDP of a new release starts, while those of
               the release before run; go on to a release after the next only when no older one runs

  move DIR     moves the database of a PDP, DIR/pdp.db, to an empty PostgreSQL database: all rows in one transaction,
               compared row by row before it is committed. Stop the PDP first. The file stays, and no PDP starts on it
               any more. The decision log stays in DIR: keep PDP_DATA_DIR as it is

  to-openfga URL [DIR]
               moves the relationship tuples and models of a PDP with ENGINE=embedded from DIR/pdp.db to the OpenFGA at
               URL, and compares them there tuple by tuple. Stop the PDP first. After that it starts with ENGINE=memory
               and OPENFGA_URL, and not with ENGINE=embedded any more. DIR: PDP_DATA_DIR where it is not given

Environment
  OPENFGA_API_TOKEN      for to-openfga: one of OpenFGA's preshared keys
  OPENFGA_STORE          for to-openfga: the name of a store without tuples; it is made where there is none (mandate)
  PDP_TLS_CA_FILE        for to-openfga, with PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE: as of the PDP
  PDP_STORE_URL          postgres://user:password@host:5432/database?sslmode=verify-full
  PDP_VAULT_KEY          for move: the vault key; DIR/vault.key holds it if the PDP had no setting for it
  PDP_VAULT_KEY_COMMAND  for move, instead of PDP_VAULT_KEY: a command that prints it
  PDP_VAULT_OLD_KEYS     for move: former keys, after a rotation
  Each may be given as a file: PDP_STORE_URL_FILE and so on.

Exit codes: 0 done; 64 wrong usage; 65 refused; 69 PostgreSQL or OpenFGA does not answer; 78 a setting or a database
that cannot be used. What was refused or cut off can be repeated.
`

const EXIT = { ok: 0, usage: 64, refused: 65, away: 69 } as const

/** @returns The exit code. */
export async function runStoreCommand(argv: readonly string[], io: ProcessIo): Promise<number> {
  const asked = parseCommandLine(argv)
  if (asked.command === 'help') {
    io.out(STORE_HELP)
    return EXIT.ok
  }
  if (asked.command === 'wrong') {
    io.err(usageLine(asked.error, 'npm run store -- --help'))
    return EXIT.usage
  }
  try {
    await run(asked, io)
    return EXIT.ok
  } catch (error) {
    return explain(error, io)
  }
}

type Command =
  | { readonly command: 'migrate' }
  | { readonly command: 'move'; readonly directory: string }
  | { readonly command: 'to-openfga'; readonly url: string; readonly directory: string | undefined }

type CommandLine = Command | { readonly command: 'help' } | { readonly command: 'wrong'; readonly error: string }

async function run(asked: Command, io: ProcessIo): Promise<void> {
  if (asked.command === 'to-openfga') {
    const settings = readImportSettings(io.environment)
    const directory = asked.directory ?? settings.PDP_DATA_DIR
    if (directory === undefined) throw new ConfigError(['PDP_DATA_DIR: set it, or name the data directory of the PDP'])
    // Loaded for this command alone: the SDK of OpenFGA.
    const { moveToOpenFga } = await import('./store-to-openfga.ts')
    return moveToOpenFga(asked.url, directory, settings, io)
  }
  const settings = readStoreSettings(io.environment)
  if (asked.command === 'move') await moveStore(asked.directory, settings, io)
  else await migrateStore(settings, io)
}

function parseCommandLine(argv: readonly string[]): CommandLine {
  const wrong = (error: string): CommandLine => ({ command: 'wrong', error })
  let parsed: { readonly values: { readonly help?: boolean }; readonly positionals: readonly string[] }
  try {
    const options = { help: { type: 'boolean', short: 'h' } } as const
    parsed = parseOptions(argv, options, 'allowed')
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
  const [name, directory, ...more] = parsed.positionals
  if (parsed.values.help) return { command: 'help' }
  if (name === undefined) return wrong('Name a command.')
  if (name === 'to-openfga')
    return toOpenFga(parsed.positionals.slice(1)) ?? wrong('to-openfga: name the URL of OpenFGA.')
  if (name === 'migrate')
    return directory === undefined ? { command: 'migrate' } : wrong(`migrate takes no argument: ${directory}`)
  if (name !== 'move')
    return wrong(`There is no command ${name}. ${nameAdvice(name, ['migrate', 'move', 'to-openfga'])}`)
  if (directory === undefined) return wrong('move: name the data directory of the PDP, which has the file pdp.db.')
  if (more.length > 0) return wrong(`move takes one directory: ${more.join(' ')}`)
  return { command: 'move', directory }
}

/** @returns `undefined` for wrong arguments. */
function toOpenFga([url = '', directory, ...more]: readonly string[]): CommandLine | undefined {
  if (more.length > 0 || !/^https?:$/u.test(URL.parse(url)?.protocol ?? '')) return undefined
  return { command: 'to-openfga', url: url.replace(/\/$/u, ''), directory }
}

async function migrateStore({ PDP_STORE_URL: url }: StoreSettings, { out }: ProcessIo): Promise<void> {
  const { from, to } = await prepareDatabase(url)
  const place = databasePlace(url)
  out(
    from === to
      ? `schema of ${place} has version ${to}: nothing to migrate\n`
      : `schema of ${place} migrated from ${from} to ${to}\n`,
  )
}

function explain(error: unknown, { err }: ProcessIo): number {
  if (error instanceof ConfigError) {
    err(configErrorText('store', error))
    return EXIT_CONFIG
  }
  if (error instanceof MoveRefused) {
    err(`refused: ${error.message}\n`)
    return EXIT.refused
  }
  if (!(error instanceof Fault)) throw error
  err(`${error.message}\n`)
  return error.code === 'relations_unavailable' ? EXIT.away : EXIT.refused
}
