/**
 * The command line of `npm start`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { environmentObjection } from '@mandate/protocol'

export const USAGE = `usage: npm start [-- OPTIONS]

Brings up OpenFGA, Keycloak and Mandate's services on this machine, tells the story of the
README through their real APIs, and stays up until Ctrl-C.

  --once    stop everything after the story and exit 0
  --fresh   throw away the state of earlier runs (.mandate/) first
  --help    print this

Servers come from OPENFGA_URL and KEYCLOAK_URL when set, else from a Docker engine that
answers, else from local binaries that are fetched once into a cache (MANDATE_CACHE).
`

/** What to do. `usage` is a mistake on the command line, with what was wrong. */
export type Command =
  | { readonly kind: 'start'; readonly once: boolean; readonly fresh: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly problem: string }

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
