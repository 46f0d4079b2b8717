/**
 * The command line of `npm run serve`. Pure.
 *
 * @module
 */
import { parseOptions } from '@mandate/service/parse-options'
import { npmOptionObjection } from './npm-options.ts'

export const SERVE_USAGE = `usage: npm run serve -- --pack DIR [--port N] [--case TEXT | --no-cases] [--facts FILE]
                        [--engine embedded|openfga]

Starts a PDP with one policy pack; prints
  url=http://127.0.0.1:N key=mk_…
  playground=http://127.0.0.1:8190/playground
and stays up until Ctrl-C. For any AuthZEN client or conformance runner, which sends
the key as "Authorization: Bearer mk_…".

The people, personas, agents, resources, autonomy settings and facts at the top of the
pack's cases.yaml exist from the start, and so do the grants and other steps under
"given" of its first case. Standard error has a table of them, with a curl command
that is permitted and one that is denied. A person's sub is their name in the file.

The playground is a page where the pack can be edited and tried: errors at their line,
all cases after each change, the answer to any question with its chain of grants. It
changes no file, and listens on loopback only. The page is built when a browser first
opens it.

  --pack DIR    the pack: model.fga, manifest.yaml and, if it exists, cases.yaml
  --case TEXT   plays "given" of the first case whose name contains TEXT
  --no-cases    plays nothing of cases.yaml
  --facts FILE  facts to store, YAML or JSON; default DIR/facts.yaml, if it exists
  --port N      port to listen on; default a free port
  --playground-port N
                port of the playground; default 8190, or a free port if it is taken
  --engine E    embedded (default): relationship tuples in the PDP's own database,
                no other server; openfga: an OpenFGA in memory, as production has

  npm run serve -- --pack test/packs/certification --port 8080
  npm run serve -- --pack test/packs/expenses --case "manager's agent"

Nothing is kept: facts, key and log are deleted at the end.
Exit codes: 0 after Ctrl-C, 64 wrong usage, 69 a tool is missing, 78 the pack or the
facts are invalid, 1 another error.
`

/** Where the relationship tuples are: in the PDP's own database, or in an OpenFGA that is started for it. */
export type ServeEngine = (typeof ENGINES)[number]

/** What to serve. */
export interface Served {
  readonly pack: string
  readonly port: number
  /** `undefined`: the usual one, or a free one. */
  readonly playgroundPort: number | undefined
  readonly facts: string | undefined
  readonly engine: ServeEngine
  /** Text in the name of the case whose `given` is played; `first`: the first case; `none`: nothing of `cases.yaml`. */
  readonly cases: { readonly named: string } | 'first' | 'none'
}

/** A parsed command line. `usage`: the command line is wrong; `problem` says why. */
export type ServeCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly problem: string }
  | ({ readonly kind: 'serve' } & Served)

const ENGINES = ['embedded', 'openfga'] as const

const OPTIONS = {
  pack: { type: 'string' },
  port: { type: 'string', default: '0' },
  'playground-port': { type: 'string' },
  facts: { type: 'string' },
  engine: { type: 'string', default: 'embedded', choices: ENGINES },
  case: { type: 'string' },
  'no-cases': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const

/** Parses the arguments. Also rejects options that npm took for itself. */
export function parseServe(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): ServeCommand {
  const objection = npmOptionObjection(env, Object.keys(OPTIONS), 'npm run serve')
  if (objection !== undefined) return { kind: 'usage', problem: objection }
  try {
    const { values } = parseOptions(args, OPTIONS)
    if (values.help) return { kind: 'help' }
    if (!values.pack) return { kind: 'usage', problem: '--pack: name the folder of a policy pack' }
    const { port: portText, 'playground-port': playgroundText } = values
    for (const [option, text] of [
      ['--port', portText],
      ['--playground-port', playgroundText ?? '0'],
    ] as const)
      if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
        return { kind: 'usage', problem: `${option}: ${text} is not a port (0 to 65535)` }
    const [port, playgroundPort] = [Number(portText), playgroundText === undefined ? undefined : Number(playgroundText)]
    if (playgroundPort === port && port !== 0)
      return { kind: 'usage', problem: `--port and --playground-port are the same port, ${port}` }
    const engine = ENGINES.find((name) => name === values.engine) ?? 'embedded'
    const { case: named, 'no-cases': isWithout } = values
    if (named !== undefined && isWithout) return { kind: 'usage', problem: '--case and --no-cases exclude each other' }
    const cases = isWithout ? 'none' : named === undefined ? 'first' : { named }
    return { kind: 'serve', pack: values.pack, port, facts: values.facts, engine, cases, playgroundPort }
  } catch (error) {
    return { kind: 'usage', problem: error instanceof Error ? error.message : String(error) }
  }
}
