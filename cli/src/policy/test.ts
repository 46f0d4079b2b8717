/**
 * `mandate policy test`: plays the cases of packs, each on a PDP and a store of its own.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { type CasedPack, type Places, playCase, startPlayed, startPlayIssuer } from '@mandate/cases'
import type { Work } from '../command-line.ts'
import { EXIT, usageError } from '../exit.ts'
import type { Io } from '../io.ts'
import { print, printLines } from '../output.ts'
import { check, counted, mistakes } from './report.ts'

/** Engines that cases can be played on. */
export const ENGINES = ['embedded', 'openfga'] as const

export interface TestOptions {
  readonly json?: true
  readonly case?: string
  readonly engine?: (typeof ENGINES)[number]
}

interface Result {
  readonly pack: string
  readonly case: string
  readonly ok: boolean
  readonly failures: readonly string[]
}

export const testPolicies: Work<TestOptions> = async (io, { options, args }) => {
  const checked = await check(args)
  const { problems, packs, places } = checked
  if (problems.length > 0) {
    print(io, options, { ok: false, problems }, () => mistakes(checked))
    return EXIT.failed
  }
  const wanted = options.case ?? ''
  const played = packs.flatMap((pack) =>
    [...pack.file.cases.keys()]
      .filter((index) => pack.file.cases[index]?.case.includes(wanted))
      .map((index) => ({ pack, index })),
  )
  if (played.length === 0) throw usageError(`--case: no case's name contains "${wanted}".`)
  const results = await playAll(io, options, places, played)
  const failed = results.filter(({ ok }) => !ok).length
  const verdict =
    failed === 0 ? `OK: ${counted(results.length, 'case')} kept` : `FAILED: ${failed} of ${results.length} broken`
  print(io, options, { ok: failed === 0, cases: results }, () => [verdict])
  return failed === 0 ? EXIT.ok : EXIT.failed
}

interface Played {
  readonly pack: CasedPack
  readonly index: number
}

async function playAll(
  io: Io,
  options: TestOptions,
  places: Places,
  played: readonly Played[],
): Promise<readonly Result[]> {
  const server = options.engine === 'openfga' ? await startServer() : undefined
  const issuer = await startPlayIssuer()
  const results: Result[] = []
  try {
    for (const { pack, index } of played) {
      const one = pack.file.cases[index]
      if (!one) continue
      const running = await startPlayed({
        issuer,
        manifests: [pack.manifest],
        clock: 'frozen',
        logger: 'silent',
        settings: { PDP_POLICIES_DIR: places.dir, PDP_PACKS: places.folders.join(','), ...server?.settings() },
      })
      const failures = await playCase(pack, one, index, running).finally(() => running.close())
      const result = { pack: pack.name, case: one.case, ok: failures.length === 0, failures }
      results.push(result)
      if (!options.json) printLines(io, linesOf(result))
    }
    return results
  } finally {
    await issuer.close()
    await server?.stop()
  }
}

const linesOf = ({ pack, case: name, ok, failures }: Result): readonly string[] => [
  `${ok ? 'ok    ' : 'BROKEN'}  ${pack}: ${name}`,
  ...failures.map((failure) => `        ${failure}`),
]

/** An OpenFGA in memory; each PDP gets a store of its own. */
async function startServer() {
  const { startOpenFga } = await import('@mandate/stack')
  const openFga = await startOpenFga({ engine: 'memory', env: {} })
  return {
    settings: (): Readonly<Record<string, string>> => ({
      ENGINE: 'openfga',
      OPENFGA_URL: openFga.url,
      OPENFGA_API_TOKEN: openFga.apiToken,
      OPENFGA_STORE: `test-${randomUUID()}`,
      OPENFGA_DEADLINE_MS: '5000',
    }),
    stop: openFga.stop,
  }
}
