/**
 * The command line of `npm run desktop`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util'

export const DESKTOP_USAGE = `usage: npm run desktop [-- OPTIONS]

Opens the desktop app on the demo that runs in this clone (npm start, in another terminal).

  --browser   in a normal browser instead of Electron, for development: prints a link
              that works once, keeps nothing, and is in no package
  --help      print this

Electron's program is not installed with the packages; when it is missing, this says how to
get it.
`

/** What to do. `usage` is a mistake on the command line, with what was wrong. */
export type DesktopCommand =
  | { readonly kind: 'open'; readonly host: 'electron' | 'browser' }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly problem: string }

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
