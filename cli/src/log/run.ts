/**
 * Runs a command on the log, with the token of the sign-in.
 *
 * @module
 */
import { EXIT as AUDIT_EXIT, SourceError, UsageError } from '@mandate/auditor/errors'
import { LOG_COMMANDS } from '@mandate/auditor/log-commands'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { CommandError, EXIT, type ExitCode, usageError } from '../exit.ts'
import type { Io } from '../io.ts'
import { connect } from '../pdp/client.ts'

type LogOptions = ConnectionOptions & Readonly<Record<string, unknown>>

/** Options of the connection, which are not those of the command. */
const CONNECTION = ['pdp', 'issuer', 'tokenFile', 'profile']

/** A command of `LOG_COMMANDS`, by its name. */
export const runLogCommand =
  (name: string): Work<LogOptions> =>
  async (io, { options, args }) => {
    const command = LOG_COMMANDS[name]
    if (!command) throw new TypeError(`there is no command ${name}`)
    const own = Object.entries(options).filter(([option]) => !CONNECTION.includes(option))
    const values = Object.fromEntries(own.map(([option, value]) => [dashed(option), value]))
    const readsPdp = Object.hasOwn(command.options, 'url') && options['dir'] === undefined
    const pdp = readsPdp ? await connect(io, options) : undefined
    const source = pdp ? { url: [pdp.url] } : {}
    const run = await command.load()
    const list = name === 'query' && options.json ? collected(io) : undefined
    const environment = { ...io.environment, MANDATE_TOKEN: await pdp?.token() }
    try {
      const exit = await run(
        { values: { ...values, ...source }, positionals: args },
        { ...(list?.io ?? io), environment },
      )
      list?.print()
      return exitOf(exit)
    } catch (error) {
      throw commandErrorOf(error)
    }
  }

/** `entryOut` is `entry-out`. */
const dashed = (name: string): string => name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)

const exitOf = (exit: number): ExitCode => Object.values(EXIT).find((code) => code === exit) ?? EXIT.internal

/** `mandate-audit` prints a list as JSON Lines; here a list is one array. */
function collected(io: Io): { readonly io: Io; readonly print: () => void } {
  let lines = ''
  const out = (text: string): void => {
    lines += text
  }
  return { io: { ...io, out }, print: () => io.out(`[${lines.trim().split('\n').filter(Boolean).join(',')}]\n`) }
}

function commandErrorOf(error: unknown): unknown {
  if (error instanceof UsageError) return usageError(error.message)
  if (!(error instanceof SourceError)) return error
  const mend = error.exit === AUDIT_EXIT.refused ? 'See who you are, and your roles: mandate whoami.' : undefined
  return new CommandError(exitOf(error.exit), error.message, { code: 'log', mend, cause: error })
}
