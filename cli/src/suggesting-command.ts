/**
 * Commander's command with the suggestions of this program: commander's own name anything of which two fifths agree.
 *
 * @module
 */
import { nearestName } from '@mandate/service/nearest-name'
import { Command, type ErrorOptions, type HelpContext, type ParseOptionsResult } from 'commander'

/** A command, whose subcommands are of the same class. */
export class SuggestingCommand extends Command {
  /** The first unknown option of the command line. */
  #unknown: string | undefined

  override createCommand(name?: string): Command {
    return new SuggestingCommand(name).showSuggestionAfterError(false)
  }

  override parseOptions(argv: string[]): ParseOptionsResult {
    const parsed = super.parseOptions(argv)
    this.#unknown = parsed.unknown.find((word) => word.startsWith('-'))
    return parsed
  }

  /** Commander prints the whole help where `help` is given a name that does not exist. */
  override help(context?: HelpContext | ((text: string) => string)): never {
    if (typeof context === 'function') return super.help(context)
    const [first, name] = this.args
    if (context?.error && first === 'help' && name !== undefined)
      this.error(`error: unknown command '${name}'`, { code: 'commander.unknownCommand' })
    return super.help(context)
  }

  /** Adds a suggestion to the errors about unknown names. Commander reports every wrong command line by this method. */
  override error(message: string, options?: ErrorOptions): never {
    if (options?.code === 'commander.unknownCommand')
      super.error(`${message} ${this.#advice(message, commandsOf(this))}`, options)
    if (options?.code === 'commander.unknownOption')
      super.error(`${message} ${this.#advice(message, optionsOf(this))}`, options)
    // Commander looks for required options first, of which the unknown one may be a misspelling.
    if (options?.code === 'commander.missingMandatoryOptionValue' && this.#unknown !== undefined)
      this.error(`error: unknown option '${this.#unknown}'`, { ...options, code: 'commander.unknownOption' })
    super.error(message, options)
  }

  #advice(message: string, known: readonly string[]): string {
    const name = /'-*(?<name>[^']*)'$/u.exec(message)?.groups?.['name'] ?? ''
    const nearest = nearestName(name, known)
    const dashes = message.includes('option') ? '--' : ''
    return nearest === undefined ? `(See ${pathOf(this)} --help)` : `(Did you mean ${dashes}${nearest}?)`
  }
}

function commandsOf(command: Command): readonly string[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .flatMap((each) => [each.name(), ...each.aliases()])
}

/** Without dashes: those are no part of a name that is compared. */
const optionsOf = (command: Command): readonly string[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long }) => long?.slice('--'.length) ?? [])

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
