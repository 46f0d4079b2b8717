/**
 * The command line of `npm start`. Pure.
 *
 * @module
 */
import { environmentObjection } from '@mandate/protocol'
import { parseOptions } from '@mandate/service/parse-options'
import { npmOptionObjection } from './npm-options.ts'
import { equalPortObjection } from './ports.ts'

export const USAGE = `usage: npm start [-- OPTIONS]

Starts Mandate's services on this machine with an embedded relationship store and an
embedded issuer, runs the story of the README through their real APIs, and stays up until
Ctrl-C. Needs Node alone.

  --servers  with the real OpenFGA and Keycloak in place of the embedded parts
  --once     stop everything after the story and exit 0
  --fresh    delete the state of earlier runs (.mandate/) first
  --pdps N   start N PDPs (1 to 5) on one PostgreSQL; the story asks them in turn. They
             share an OpenFGA, so this implies --servers, and needs PostgreSQL's programs
             on this machine. Begins without data at each start
  --help     print this

Real servers: those at OPENFGA_URL and KEYCLOAK_URL when set, also without --servers; else
in Docker, when an engine is running; else local binaries, fetched once into a cache
(MANDATE_CACHE).

Exit codes: 0 after Ctrl-C or --once, 64 wrong usage, 69 a tool is missing, 78 embedded
parts with NODE_ENV=production, 1 another error.
`

/** A parsed command line. `usage`: the command line is wrong; `problem` says why. */
export type Command =
  | {
      readonly kind: 'start'
      readonly servers: boolean
      readonly once: boolean
      readonly fresh: boolean
      readonly pdps: number
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly problem: string }

/** Most PDPs of one demo. */
export const MAX_PDPS = 5

const OPTIONS = {
  servers: { type: 'boolean' },
  once: { type: 'boolean' },
  fresh: { type: 'boolean' },
  pdps: { type: 'string', default: '1' },
  help: { type: 'boolean' },
} as const

/** Parses the arguments. Also rejects an environment that turns TLS verification off. */
export function parseCommand(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Command {
  const objection =
    environmentObjection(env) ?? npmOptionObjection(env, Object.keys(OPTIONS), 'npm start') ?? equalPortObjection(env)
  if (objection !== undefined) return { kind: 'usage', problem: objection }
  try {
    const { values } = parseOptions(args, OPTIONS)
    if (values.help) return { kind: 'help' }
    const pdps = Number(values.pdps)
    if (!(Number.isInteger(pdps) && pdps >= 1 && pdps <= MAX_PDPS))
      return { kind: 'usage', problem: `--pdps: must be a number from 1 to ${MAX_PDPS}, and is ${values.pdps}` }
    const { servers = false, once = false, fresh = false } = values
    return { kind: 'start', servers, once, fresh, pdps }
  } catch (error) {
    return { kind: 'usage', problem: error instanceof Error ? error.message : String(error) }
  }
}
