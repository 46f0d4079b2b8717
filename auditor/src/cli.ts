/**
 * Command dispatch of `mandate-audit`. Does not use `process`: `main.ts` passes in a {@link ProcessIo}. Imports what a command needs when it runs: help
 * and a wrong command line load next to nothing.
 *
 * @module
 */

import { escapeControls } from '@mandate/service/escape-controls'
import { nameAdvice } from '@mandate/service/nearest-name'
import { OptionError, parseOptions } from '@mandate/service/parse-options'
import type { ParsedOptions, ProcessIo } from './command-line.ts'
import { LOG_COMMANDS, type LogCommand } from './log-commands.ts'
import { EXIT, SourceError } from './source-error.ts'
import { UsageError } from './usage-error.ts'

export type { ProcessIo } from './command-line.ts'

/**
 * Runs a command line.
 *
 * @param argv - Arguments, without the paths of node and script.
 * @returns The exit code, one of {@link EXIT}. Never rejects.
 */
export async function run(argv: readonly string[], io: ProcessIo): Promise<number> {
  try {
    return await dispatch(argv, io)
  } catch (error) {
    io.err(`${escapeControls(error instanceof Error ? error.message : String(error))}\n`)
    if (error instanceof UsageError) return EXIT.usage
    return error instanceof SourceError ? error.exit : EXIT.internal
  }
}

async function dispatch(argv: readonly string[], io: ProcessIo): Promise<number> {
  const [name = '', ...rest] = argv
  if (name === '--help' || name === '-h' || name === 'help') return await printUsage(io)
  const command = Object.hasOwn(LOG_COMMANDS, name) ? LOG_COMMANDS[name] : undefined
  if (!command) throw unknownCommand(name)
  const parsed = parse(rest, command)
  if (parsed.values['help'] === true) return await printUsage(io)
  return await (await command.load())(parsed, io)
}

async function printUsage({ out }: ProcessIo): Promise<number> {
  const { USAGE } = await import('./usage.ts')
  out(USAGE)
  return EXIT.ok
}

function unknownCommand(name: string): UsageError {
  const all = Object.keys(LOG_COMMANDS)
  if (name === '') return new UsageError(`No command is given: ${all.join(', ')}. See mandate-audit --help.`)
  return new UsageError(`There is no command ${name}. ${nameAdvice(name, all)}`)
}

function parse(args: readonly string[], { options }: LogCommand): ParsedOptions {
  try {
    return parseOptions(args, declared(options), 'allowed')
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    const instead = error.repeated === 'dir' ? '; for several logs run it for each, or use --url' : ''
    throw new UsageError(`${error.message}${instead}`)
  }
}

/** Choices are checked by the commands, with the other values. */
const declared = (options: LogCommand['options']) =>
  Object.fromEntries(
    Object.entries(options).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short ? { short } : {}), ...(multiple ? { multiple } : {}) },
    ]),
  )
