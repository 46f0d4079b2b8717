/**
 * The command line of `npm start`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { environmentObjection } from '@mandate/protocol'

export const USAGE = `usage: npm start [-- OPTIONS]

Starts OpenFGA, Keycloak and Mandate's services on this machine, runs the story of the
README through their real APIs, and stays up until Ctrl-C.

  --once    stop everything after the story and exit 0
  --fresh   delete the state of earlier runs (.mandate/) first
  --help    print this

Servers: those at OPENFGA_URL and KEYCLOAK_URL when set; else in Docker, when an engine is
running; else local binaries, fetched once into a cache (MANDATE_CACHE).
`

/** A parsed command line. `usage`: the command line is wrong; `problem` says why. */
export type Command =
  | { readonly kind: 'start'; readonly once: boolean; readonly fresh: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly problem: string }

/** Parses the arguments. Also rejects an environment that turns TLS verification off. */
export function parseCommand(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Command {
  const objection = environmentObjection(env)
  if (objection !== undefined) return { kind: 'usage', problem: objection }
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { once: { type: 'boolean' }, fresh: { type: 'boolean' }, help: { type: 'boolean' } },
    })
    if (values.help) return { kind: 'help' }
    return { kind: 'start', once: values.once ?? false, fresh: values.fresh ?? false }
  } catch (error) {
    return { kind: 'usage', problem: error instanceof Error ? error.message : String(error) }
  }
}
