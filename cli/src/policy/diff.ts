/**
 * `mandate policy diff`: which decisions of a log a change of policy would turn.
 *
 * @module
 */
import { directorySource, httpSource } from '@mandate/auditor'
import { type Entry, environmentObjection, isLoopback } from '@mandate/protocol'
import type { Work } from '../command-line.ts'
import { jsonLine } from '../escape.ts'
import { EXIT, type ExitCode, usageError } from '../exit.ts'
import { print } from '../output.ts'
import { type Difference, differenceText, diffPolicies } from './diff-policies.ts'
import { check, mistakes } from './report.ts'

export interface DiffOptions {
  readonly json?: true
  readonly log: string
  readonly openfga: string
  readonly store: string
  readonly from?: readonly string[]
  readonly limit: string
}

export const diffLog: Work<DiffOptions> = async (io, { options, args }) => {
  const { log, openfga, store, from: inForce = [] } = options
  const objection = environmentObjection(io.environment)
  if (objection !== undefined) throw usageError(objection)
  if (args.length + inForce.length === 0) throw usageError('Name the packs to compare with: mandate policy diff … DIR.')
  if (!/^https?:/u.test(openfga)) throw usageError('--openfga is an http or https address.')
  const limit = Number(options.limit)
  if (!(Number.isInteger(limit) && limit > 0)) throw usageError('--limit is a whole number above 0.')
  const [from, to] = await Promise.all([check(inForce), check(args)])
  const mistaken = [from, to].find(({ policies }) => policies === undefined)
  if (!from.policies || !to.policies) {
    if (mistaken) print(io, options, { ok: false, problems: mistaken.problems }, () => mistakes(mistaken))
    return EXIT.failed
  }
  const entries = await evaluationsOf(log, io.environment['MANDATE_TOKEN'], limit)
  const server = { url: openfga, apiToken: io.environment['OPENFGA_API_TOKEN'] }
  const difference = await diffPolicies({ entries, from: from.policies, to: to.policies, server, store })
  const complete = difference.made_again === difference.evaluations
  const ok = complete && difference.turned.length === 0
  if (options.json) io.out(jsonLine({ ok, complete, ...difference }))
  else io.out(differenceText(difference))
  return exitOf(difference, complete)
}

function exitOf({ turned }: Difference, complete: boolean): ExitCode {
  if (turned.length > 0) return EXIT.failed
  return complete ? EXIT.ok : EXIT.incomplete
}

/** The newest evaluations of a log: of its directory, or of a PDP. */
async function evaluationsOf(log: string, token: string | undefined, limit: number): Promise<readonly Entry[]> {
  const url = /^https?:/u.test(log) ? new URL(log) : undefined
  if (token && url?.protocol === 'http:' && !isLoopback(url.hostname))
    throw usageError('A token is sent over https only, except to this machine.')
  const source = url ? httpSource(log, token) : directorySource(log)
  const filter = { kind: 'evaluation' } as const
  return (await source.query({ parameters: filter, filter, limit })).entries
}
