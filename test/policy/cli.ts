/**
 * The commands of `npm run policy`. Sees neither `process` nor the console: {@link file://./main.ts} hands in what it needs.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { directorySource, httpSource } from '@mandate/auditor'
import { type Checked, checkPacks, PlacesError } from '@mandate/cases'
import { type Entry, environmentObjection } from '@mandate/protocol'
import { startOpenFga } from '@mandate/stack'
import { startIssuer } from '../fixtures/issuer.ts'
import { UsageError } from '../support/cli-options.ts'
import { differenceText, diffPolicies } from './diff.ts'
import { playOnOpenFga } from './play.ts'
import { USAGE } from './usage.ts'

/** What the process lends to the commands. */
export interface ProcessIo {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
}

export const EXIT = { ok: 0, found: 1, usage: 64, internal: 70 } as const

const COMMON = { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } } as const

/** @param argv - Without node and script. @returns The exit code. Never rejects. */
export async function run(argv: readonly string[], io: ProcessIo): Promise<number> {
  try {
    return await dispatch(argv, io)
  } catch (error) {
    if (error instanceof UsageError || error instanceof PlacesError) {
      io.err(`${error.message}\n\n${USAGE}`)
      return EXIT.usage
    }
    io.err(`${error instanceof Error ? error.message : String(error)}\n`)
    return error instanceof Error && 'exit' in error && typeof error.exit === 'number' ? error.exit : EXIT.internal
  }
}

async function dispatch([command = '', ...rest]: readonly string[], io: ProcessIo): Promise<number> {
  if (['--help', '-h', 'help'].includes(command) || rest.includes('--help') || rest.includes('-h')) {
    io.out(USAGE)
    return EXIT.ok
  }
  const objection = environmentObjection(io.environment)
  if (objection !== undefined) throw new UsageError(objection)
  if (command === 'check') return check(rest, io)
  if (command === 'test') return test(rest, io)
  if (command === 'diff') return diff(rest, io)
  throw new UsageError(command === '' ? 'Which command?' : `There is no command ${command}.`)
}

/** @throws UsageError for what the command does not know. */
function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'Wrong options.')
  }
}

async function check(args: readonly string[], { out }: ProcessIo): Promise<number> {
  const { values, positionals } = parsed(() => parseArgs({ args: [...args], options: COMMON, allowPositionals: true }))
  const checked = await checkPacks(positionals)
  const { problems } = checked
  if (values.json) out(`${JSON.stringify({ ok: problems.length === 0, problems, packs: checked.packs.map(about) })}\n`)
  else out(problems.length > 0 ? mistakes(checked) : soundness(checked))
  return problems.length > 0 ? EXIT.found : EXIT.ok
}

const about = ({ version, folder, file }: Checked['packs'][number]) => ({ version, folder, cases: file.cases.length })

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

const mistakes = ({ problems }: Checked): string =>
  `${problems.join('\n')}\nFAILED: ${counted(problems.length, 'mistake')}\n`

function soundness({ packs }: Checked): string {
  const lines = packs.map(({ version, folder, file }) => `${version}  ${counted(file.cases.length, 'case')}  ${folder}`)
  return `${lines.join('\n')}\nOK: ${counted(packs.length, 'pack')}, models, manifests and cases fit together\n`
}

const DIFF = {
  ...COMMON,
  log: { type: 'string' },
  openfga: { type: 'string' },
  store: { type: 'string' },
  from: { type: 'string', multiple: true },
  limit: { type: 'string', default: '10000' },
} as const

async function diff(args: readonly string[], { out, environment }: ProcessIo): Promise<number> {
  const { values, positionals } = parsed(() => parseArgs({ args: [...args], options: DIFF, allowPositionals: true }))
  const { log, openfga, store, json, from: inForce = [] } = values
  if (log === undefined || openfga === undefined || store === undefined)
    throw new UsageError('diff needs --log, --openfga and --store.')
  if (positionals.length + inForce.length === 0) throw new UsageError('diff with what? Name the packs to come.')
  if (!/^https?:/u.test(openfga)) throw new UsageError('--openfga is an http or https address.')
  const limit = Number(values.limit)
  if (!(Number.isInteger(limit) && limit > 0)) throw new UsageError('--limit is a whole number above 0.')
  const [from, to] = await Promise.all([checkPacks(inForce), checkPacks(positionals)])
  const mistaken = [from, to].find(({ policies }) => policies === undefined)
  if (!from.policies || !to.policies) {
    if (mistaken) out(json ? `${JSON.stringify({ ok: false, problems: mistaken.problems })}\n` : mistakes(mistaken))
    return EXIT.found
  }
  const entries = await evaluationsOf(log, environment['MANDATE_TOKEN'], limit)
  const server = { url: openfga, apiToken: environment['OPENFGA_API_TOKEN'] }
  const difference = await diffPolicies({ entries, from: from.policies, to: to.policies, server, store })
  const isSame = difference.turned.length === 0
  out(json ? `${JSON.stringify({ ok: isSame, ...difference })}\n` : differenceText(difference))
  return isSame ? EXIT.ok : EXIT.found
}

/** The newest evaluations of a log's directory, or of a PDP's. */
async function evaluationsOf(log: string, token: string | undefined, limit: number): Promise<readonly Entry[]> {
  const url = /^https?:/u.test(log) ? new URL(log) : undefined
  const isLocal = url && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(url.hostname)
  if (token && url?.protocol === 'http:' && !isLocal)
    throw new UsageError('A token goes over https only, except on this machine.')
  const source = url ? httpSource(log, token) : directorySource(log)
  const filter = { kind: 'evaluation' } as const
  return (await source.query({ parameters: filter, filter, limit })).entries
}

interface Result {
  readonly pack: string
  readonly case: string
  readonly ok: boolean
  readonly failures: readonly string[]
}

async function test(args: readonly string[], { out }: ProcessIo): Promise<number> {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options: { ...COMMON, case: { type: 'string' } }, allowPositionals: true }),
  )
  const checked = await checkPacks(positionals)
  if (checked.problems.length > 0) {
    out(values.json ? `${JSON.stringify({ ok: false, problems: checked.problems })}\n` : mistakes(checked))
    return EXIT.found
  }
  const tell = values.json ? () => undefined : (result: Result) => out(line(result))
  const results = await playAll(checked, values.case ?? '', tell)
  if (results.length === 0) throw new UsageError(`--case: no case's name contains "${values.case}"`)
  const failed = results.filter(({ ok }) => !ok).length
  if (values.json) out(`${JSON.stringify({ ok: failed === 0, cases: results })}\n`)
  else
    out(
      failed === 0
        ? `OK: ${counted(results.length, 'case')} kept\n`
        : `FAILED: ${failed} of ${results.length} broken\n`,
    )
  return failed === 0 ? EXIT.ok : EXIT.found
}

const line = ({ pack, case: name, ok, failures }: Result): string =>
  `${ok ? 'ok    ' : 'BROKEN'}  ${pack}: ${name}\n${failures.map((failure) => `        ${failure}\n`).join('')}`

/** One OpenFGA and one issuer of tokens for all cases. */
async function playAll(
  { packs, places }: Checked,
  wanted: string,
  tell: (result: Result) => void,
): Promise<readonly Result[]> {
  const openFga = await startOpenFga({ engine: 'memory', env: {} })
  const issuer = await startIssuer()
  const results: Result[] = []
  try {
    for (const pack of packs)
      for (const [index, one] of pack.file.cases.entries()) {
        if (!one.case.includes(wanted)) continue
        const failures = await playOnOpenFga(pack, one, index, { openFga, issuer, places })
        const result = { pack: pack.name, case: one.case, ok: failures.length === 0, failures }
        results.push(result)
        tell(result)
      }
    return results
  } finally {
    await issuer.stop()
    await openFga.stop()
  }
}
