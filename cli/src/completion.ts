/**
 * Completion in shells, by `@bomb.sh/tab` from the commands that commander knows.
 *
 * @module
 */
import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import type { Work } from './command-line.ts'

/** The library adds a command that prints the script. We have our own, with help like the others. */
const UNUSED = 'unused-completion-command'

function completerOf(program: Command): ReturnType<typeof tab> {
  // The library adds a command of this name to the program, which has ours already.
  const complete = program.commands.findIndex((command) => command.name() === 'complete')
  ;(program.commands as Command[]).splice(complete, 1)
  const completer = tab(program, { completionCommandName: UNUSED })
  completer.commands.delete(UNUSED)
  return completer
}

/** Prints the script for a shell. */
export const printScript =
  (program: Command): Work<object> =>
  async (_io, { args: [shell = ''] }) => {
    completerOf(program).setup(program.name(), program.name(), shell)
    return undefined
  }

/** Prints what may follow some words, one candidate a line, as the scripts expect it. */
export const completeWords =
  (program: Command): Work<object> =>
  async (_io, { args }) => {
    completerOf(program).parse([...args])
    return undefined
  }
