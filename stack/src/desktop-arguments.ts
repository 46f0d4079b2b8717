/**
 * The command line of `npm run desktop`. Pure.
 *
 * @module
 */
import { parseOptions } from '@mandate/service/parse-options'
import { npmOptionObjection } from './npm-options.ts'

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

const OPTIONS = { browser: { type: 'boolean' }, help: { type: 'boolean' } } as const

/** Parses the arguments. Also rejects options that npm took for itself. */
export function parseDesktopCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): DesktopCommand {
  const objection = npmOptionObjection(env, Object.keys(OPTIONS), 'npm run desktop')
  if (objection !== undefined) return { kind: 'usage', problem: objection }
  try {
    const { values } = parseOptions(args, OPTIONS)
    if (values.help) return { kind: 'help' }
    return { kind: 'open', host: values.browser ? 'browser' : 'electron' }
  } catch (error) {
    return { kind: 'usage', problem: error instanceof Error ? error.message : String(error) }
  }
}
