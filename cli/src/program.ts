/**
 * The command line as a whole: parsing, errors and exit codes. Does not use `process`: `main.ts` passes in an {@link Io}.
 *
 * @module
 */
import { type Command, CommanderError } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import type { Outcome } from './command-line.ts'
import { COMMANDS } from './commands/all.ts'
import { escapeControls, jsonLine } from './escape.ts'
import { CommandError, EXIT, type ExitCode } from './exit.ts'
import type { Io } from './io.ts'
import { SuggestingCommand } from './suggesting-command.ts'

const AFTER_HELP = `
Sign in once (mandate login), or set MANDATE_PDP and MANDATE_TOKEN. Of the demo in this clone:
  $ eval "$(npm run --silent where -- env)"

Exit codes:
  0  success; ask: permitted           1  ask: denied; a check or verification failed
  2  policy diff, log judge: incomplete
  64 wrong usage                       65 malformed data, or a conflict with what there is
  66 not found                         69 unreachable or interrupted
  70 internal error                    77 not signed in, or not allowed

mandate COMMAND --help has every option, with examples.`

/** Help was asked for and printed. */
const SHOWN: ReadonlySet<string> = new Set(['commander.helpDisplayed', 'commander.version'])

/** Builds the command line. `outcome` receives the exit code of the command that runs. */
export function createProgram(io: Io, outcome: Outcome): Command {
  const program = new SuggestingCommand('mandate')
    .showSuggestionAfterError(false)
    .description('Delegate authority to people and agents, ask what is permitted, and read the log that proves it.')
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', AFTER_HELP)
  for (const describe of COMMANDS) describe(program, io, outcome)
  return program
}

/**
 * Runs a command line.
 *
 * @param argv - Arguments, without the paths of node and script.
 * @returns The exit code. Never rejects.
 */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  const outcome: Outcome = { exit: EXIT.ok }
  try {
    await createProgram(io, outcome).parseAsync([...argv], { from: 'user' })
    return outcome.exit
  } catch (error) {
    if (error instanceof CommanderError) {
      if (SHOWN.has(error.code)) return EXIT.ok
      // A group without its subcommand: commander has printed the group's help on stderr.
      if (error.code === 'commander.help') return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    }
    const failure = commandErrorOf(error)
    io.err(argv.includes('--json') ? problemText(failure) : errorText(failure))
    return failure.exit
  }
}

function commandErrorOf(error: unknown): CommandError {
  if (error instanceof CommandError) return error
  if (error instanceof CommanderError) {
    const [first = '', ...more] = error.message.replace(/^error: /u, '').split('\n')
    return new CommandError(EXIT.usage, [first, ...more].join(' '), { code: 'usage' })
  }
  const message = error instanceof Error ? error.message : String(error)
  // Errors of the auditor's library have an exit code of their own.
  const exit =
    error instanceof Error && 'exit' in error ? Object.values(EXIT).find((each) => each === error.exit) : undefined
  return new CommandError(exit ?? EXIT.internal, message, { cause: error })
}

/** Title and detail on one line, unless the PDP's detail has several (a malformed request); the way to mend on the next ones. */
function errorText({ message, detail, mend }: CommandError): string {
  const [first, ...more] = detail?.split('\n') ?? []
  const lines = [[message, first].filter(Boolean).join(' '), ...more, ...(mend?.split('\n') ?? [])]
  return `${lines.map(escapeControls).join('\n')}\n`
}

/** RFC 9457, on one line. */
function problemText({ message, detail, code, mend, members, exit }: CommandError): string {
  return jsonLine({ ...members, title: message, detail, code, mend, exit })
}
