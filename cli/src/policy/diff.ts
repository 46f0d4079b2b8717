/**
 * `mandate policy diff`: which decisions of a log a change of policy would turn.
 *
 * @module
 */
import type { Work } from '../command-line.ts'
import { jsonLine } from '../escape.ts'
import { EXIT, type ExitCode, usageError } from '../exit.ts'
import { print, printLines } from '../output.ts'
import { type Difference, differenceLines, diffPolicies } from './diff-policies.ts'
import { evaluationsOf, type PlaceOptions, placesOf } from './places.ts'
import { check, mistakes } from './report.ts'

export interface DiffOptions extends PlaceOptions {
  readonly json?: true
  readonly from?: readonly string[]
}

export const diffLog: Work<DiffOptions> = async (io, { options, args }) => {
  const { from: inForce = [] } = options
  const places = placesOf(io, options)
  if (places.facts === undefined)
    throw usageError("Whose facts? Give --openfga and --store, or --dir, a PDP's data folder.")
  if (args.length + inForce.length === 0) throw usageError('Name the packs to compare with: mandate policy diff … DIR.')
  const [from, to] = await Promise.all([check(inForce), check(args)])
  const mistaken = [from, to].find(({ policies }) => policies === undefined)
  if (!from.policies || !to.policies) {
    if (mistaken) print(io, options, { ok: false, problems: mistaken.problems }, () => mistakes(mistaken))
    return EXIT.failed
  }
  const entries = await evaluationsOf(places, io)
  const difference = await diffPolicies({ entries, from: from.policies, to: to.policies, place: places.facts })
  const complete = difference.made_again === difference.evaluations
  const ok = complete && difference.turned.length === 0
  if (options.json) io.out(jsonLine({ ok, complete, ...difference }))
  else printLines(io, differenceLines(difference))
  return exitOf(difference, complete)
}

function exitOf({ turned }: Difference, complete: boolean): ExitCode {
  if (turned.length > 0) return EXIT.failed
  return complete ? EXIT.ok : EXIT.incomplete
}
