/**
 * Parts that command groups are described with. Imports nothing heavy: every group's description is loaded for `--help`.
 *
 * @module
 */
import { choiceObjection } from '@mandate/service/nearest-name'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { ExitCode } from './exit.ts'
import type { Io } from './io.ts'

/** What a command is given: its options as commander parsed them, and its positional arguments. */
export interface Input<Options> {
  readonly options: Options
  readonly args: readonly string[]
}

/** A command's work. @returns the exit code; nothing means 0. */
export type Work<Options> = (io: Io, input: Input<Options>) => Promise<ExitCode | undefined>

/** Where a command's exit code goes. */
export interface Outcome {
  exit: ExitCode
}

/** Registers a group's commands: names, options, help and examples. `outcome` receives the exit code of the command that ran. */
export type Describe = (program: Command, io: Io, outcome: Outcome) => void

/** Options of every command that calls the PDP. */
export interface ConnectionOptions {
  readonly pdp?: string
  readonly issuer?: string
  readonly tokenFile?: string
  readonly profile?: string
  readonly json?: true
}

/** Options of commands that a service calls with its own token. */
export interface ServiceOptions {
  readonly clientId?: string
  readonly clientSecretFile?: string
}

/**
 * Sets a command's action. `load` imports the module that does the work, so that it costs nothing until then.
 */
export function action<Options extends object>(
  command: Command,
  io: Io,
  outcome: Outcome,
  load: () => Promise<Work<Options>>,
): void {
  command.action(async () => {
    const work = await load()
    outcome.exit = (await work(io, { options: command.opts<Options>(), args: command.args })) ?? 0
  })
}

const EXAMPLES = new WeakMap<Command, readonly string[]>()

/** Adds command lines to a command's help. `test/unit` parses each of them. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  EXAMPLES.set(command, lines)
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`)
}

/** The examples in a command's help. */
export function examplesOf(command: Command): readonly string[] {
  return EXAMPLES.get(command) ?? []
}

/** Adds `--json`. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON value; problems as problem+json on stderr')
}

/** Adds the options that say which PDP is called, and as whom. A token is never an option's value: other users of a machine see command lines. */
export function withConnection(command: Command): Command {
  withJson(command).optionsGroup('Connection:')
  return command
    .option('--pdp <url>', 'the PDP; default MANDATE_PDP, else the one you signed in for')
    .option('--issuer <url>', 'the identity provider; default MANDATE_ISSUER, else the one you signed in at')
    .option('--token-file <file>', 'a file with an access token or API key; default MANDATE_TOKEN, else your sign-in')
    .option('--profile <name>', 'which of several sign-ins; default MANDATE_PROFILE, else default')
}

/** Adds the options of {@link withConnection}, and those for a service's own token. */
export function withServiceConnection(command: Command): Command {
  return withConnection(command)
    .option('--client-id <id>', 'call as this service, by its own token; default MANDATE_CLIENT_ID')
    .option(
      '--client-secret-file <file>',
      'a file with its secret; default MANDATE_CLIENT_SECRET_FILE, else MANDATE_CLIENT_SECRET',
    )
}

/** Adds the options that say where the entries of a log and the facts are, on which decisions are made again. */
export function withPlaces(command: Command): Command {
  return command
    .option('--dir <data>', "a PDP's data folder (PDP_DATA_DIR) with ENGINE=embedded: its log and its facts; only read")
    .option('--log <log>', "a log's folder, or the URL of a PDP (an auditor's token in MANDATE_TOKEN)")
    .option('--openfga <url>', 'the OpenFGA that holds the facts; its key in OPENFGA_API_TOKEN; only read')
    .option('--store <name>', 'the store there (OPENFGA_STORE of the PDP)')
    .option('--limit <n>', 'judge the newest N evaluations', '10000')
}

/** An option whose values are known. A wrong value is refused with the nearest one. */
export function choice(flags: string, description: string, values: readonly string[]): Option {
  const option = new Option(flags, description)
  option.argChoices = [...values]
  return option.argParser(requireChoice(values))
}

/** As {@link choice}, for an argument. */
export function choiceArgument(name: string, description: string, values: readonly string[]): Argument {
  const argument = new Argument(name, description)
  argument.argChoices = [...values]
  return argument.argParser(requireChoice(values))
}

const requireChoice = (values: readonly string[]) => (value: string) => {
  const objection = choiceObjection(value, values)
  if (objection !== undefined) throw new InvalidArgumentError(objection)
  return value
}

/** Collects the values of an option that may be given several times. */
export const repeated = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
]
