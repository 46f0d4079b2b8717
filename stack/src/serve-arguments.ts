/**
 * The command line of `npm run serve`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util'

export const SERVE_USAGE = `usage: npm run serve -- --pack DIR [--port N] [--facts FILE]

Starts one PDP on an OpenFGA of its own, in memory, with one policy pack; prints
  url=http://127.0.0.1:N key=mk_…
and stays up until Ctrl-C. Anyone's AuthZEN client or conformance runner can be
pointed at it: it sends the key as "Authorization: Bearer mk_…".

  --pack DIR    the pack: model.fga and manifest.yaml
  --facts FILE  what the pack's services know, YAML or JSON; DIR/facts.yaml when
                there is one
  --port N      where it listens; a free port when absent

  npm run serve -- --pack test/packs/certification --port 8080

Nothing is kept: the facts, the key and the log go with the process.
Exit: 0 after Ctrl-C, 64 on wrong usage, 69 when a tool is missing, 78 when the
pack or the facts cannot be used, 1 when something failed.
`

export type ServeCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly problem: string }
  | { readonly kind: 'serve'; readonly pack: string; readonly port: number; readonly facts: string | undefined }

export function parseServe(args: readonly string[]): ServeCommand {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        pack: { type: 'string' },
        port: { type: 'string', default: '0' },
        facts: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help) return { kind: 'help' }
    const port = Number(values.port)
    if (!values.pack) return { kind: 'usage', problem: '--pack: name the folder of a policy pack' }
    if (!/^\d{1,5}$/.test(values.port) || port > 65_535)
      return { kind: 'usage', problem: `--port: ${values.port} is no port; 0 to 65535` }
    return { kind: 'serve', pack: values.pack, port, facts: values.facts }
  } catch (error) {
    return { kind: 'usage', problem: error instanceof Error ? error.message : String(error) }
  }
}
