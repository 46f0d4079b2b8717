/**
 * `mandate log`: the commands of `mandate-audit`, with the PDP and the sign-in of the command line.
 *
 * @module
 */
import { LOG_COMMANDS, type LogCommand, type LogOption } from '@mandate/auditor/log-commands'
import { type Command, Option } from 'commander'
import { action, choice, type Describe, examples, repeated, withConnection, withJson } from '../command-line.ts'
import { describeJudge } from './log-judge.ts'
import { describeLookup } from './log-lookup.ts'

/** Options of every command here: those of the connection, in place of the ones of `mandate-audit`. */
const SHARED: ReadonlySet<string> = new Set(['help', 'json', 'token-file', 'url'])

export const describeLog: Describe = (program, io, outcome) => {
  const log = program.command('log').description('read, prove and verify the decision log')
  for (const [name, described] of Object.entries(LOG_COMMANDS)) {
    const command = log.command(name).description(described.summary)
    if (described.takesId) command.argument('<id>', 'the id of a decision')
    for (const [option, of] of Object.entries(described.options))
      if (!SHARED.has(option)) command.addOption(optionOf(option, of))
    withSource(command, described)
    examples(command, ...described.examples.map((line) => `mandate log ${line}`))
    action(command, io, outcome, async () => (await import('../log/run.ts')).runLogCommand(name))
  }
  describeJudge(log, io, outcome)
  describeLookup(log, io, outcome)
}

/** A command that reads from a PDP takes the connection; one that works offline only `--json`, if it has it. */
function withSource(command: Command, { options }: LogCommand): void {
  if (Object.hasOwn(options, 'url')) withConnection(command)
  else if (Object.hasOwn(options, 'json')) withJson(command)
}

function optionOf(name: string, { type, value, help, choices, multiple }: LogOption): Option {
  const flags = type === 'string' ? `--${name} <${(value ?? name).toLowerCase()}>` : `--${name}`
  if (choices) return choice(flags, help, choices)
  const option = new Option(flags, help)
  return multiple ? option.argParser(repeated) : option
}
