/**
 * The command line of `npm run desktop`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util'

export const DESKTOP_USAGE = `usage: npm run desktop [-- OPTIONS]

Opens the desktop app on the demo that runs in this clone (npm start, in another terminal).

  --browser   in a normal browser instead of Electron, for development: prints a link
              that works once, stores nothing, and is not part of the packaged app
  --help      print this

The Electron binary is not installed by npm install; when it is missing, this prints how to
get it.
`

/** A parsed command line. `usage`: the command line is wrong; `problem` says why. */
export type DesktopCommand =
  | { readonly kind: 'open'; readonly host: 'electron' | 'browser' }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly problem: string }

/** Parses the arguments. */
export function parseDesktopCommand(args: readonly string[]): DesktopCommand {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { browser: { type: 'boolean' }, help: { type: 'boolean' } },
    })
    if (values.help) return { kind: 'help' }
    return { kind: 'open', host: values.browser ? 'browser' : 'electron' }
  } catch (error) {
    return { kind: 'usage', problem: error instanceof Error ? error.message : String(error) }
  }
}
