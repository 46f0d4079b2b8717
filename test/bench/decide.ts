/**
 * `npm run bench -- decide`: CPU time of one decision inside the PDP, from an evaluation to its verdict: without HTTP, token, log and answer. Everything
 * that is decided from is in memory.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import {
  compilePolicies,
  decide,
  parseConfig,
  readSources,
  type StartOptions,
  startPdp,
  type Verdict,
} from '@mandate/pdp'
import { evaluationRequestSchema } from '@mandate/protocol'
import { pino } from 'pino'
import { Pseudonymizer } from '../../pdp/src/http/pseudonymizer.ts'
import { openConfiguredEngine } from '../../pdp/src/open-engine.ts'
import type { Stores as AllStores } from '../../pdp/src/store/open.ts'
import { readOptions } from '../support/cli-options.ts'
import { environmentOf, openSurroundings } from './hot/environment.ts'
import { furnish, questions } from './story.ts'

const CASES = ['owner', 'chain of 1', 'chain of 3', 'chain of 5', 'agent, gates', 'denial']
const SIZE = { resources: 0, visible: 100, held: 0 }
/** Decisions before the measurement: V8 compiles what is hot. */
const WARM_UP = 20_000

type Deps = Parameters<typeof decide>[1]
type OpenEngine = NonNullable<StartOptions['openEngine']>

/** A PDP in this process, and what its decisions are made with. */
async function open(closing: AsyncDisposableStack) {
  const { dir, issuer, openFga } = await openSurroundings(closing)
  const { config } = parseConfig(environmentOf(issuer, openFga, dir), (path) => readFileSync(path, 'utf8'))
  const opened = Promise.withResolvers<readonly [Parameters<OpenEngine>[0], Awaited<ReturnType<OpenEngine>>]>()
  const openEngine: OpenEngine = async (base, stack) => {
    const engine = await openConfiguredEngine(base, stack)
    opened.resolve([base, engine])
    return engine
  }
  const pdp = await startPdp(config, pino({ level: 'error' }), { openEngine })
  closing.defer(pdp.close)
  const [base, { compile, relations }] = await opened.promise
  const { stores, clock, modelId } = base as typeof base & { readonly stores: Pick<AllStores, 'sessions' | 'vault'> }
  const policies = {
    ...compilePolicies(await readSources(config.PDP_POLICIES_DIR, config.PDP_PACKS), compile),
    modelId: modelId(),
  }
  const { register, sessions, vault } = stores
  const deps = { policies: () => policies, relations, past: register, clock, sessions } as Deps
  const pseudonymizer = new Pseudonymizer({ issuer: issuer.issuer, vault, policies: () => policies })
  return { world: await furnish({ pdpUrl: pdp.url, issuer }), deps, pseudonymizer }
}

/** Prints the median of `rounds` for each case. */
export async function benchDecide(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { rounds, decisions, case: only } = readOptions(args, { rounds: 5, decisions: 20_000, case: '' })
  await using closing = new AsyncDisposableStack()
  const { world, deps, pseudonymizer } = await open(closing)
  for (const { name, body, isRight } of questions(world, SIZE).filter((asked) =>
    only ? asked.name === only : CASES.includes(asked.name),
  )) {
    const request = evaluationRequestSchema.parse(JSON.parse(body))
    const evaluation = await pseudonymizer.evaluation(request, { types: undefined })
    const run = async (count: number): Promise<number> => {
      const before = process.cpuUsage()
      let verdict: Verdict | undefined
      for (let done = 0; done < count; done += 1) verdict = await decide(evaluation, deps)
      const { user, system } = process.cpuUsage(before)
      if (!verdict || !isRight({ ...verdict })) throw new Error(`bench: wrong verdict on ${name}`)
      return (user + system) / count
    }
    await run(WARM_UP)
    const results: number[] = []
    for (let round = 0; round < Number(rounds); round += 1) results.push(await run(Number(decisions)))
    const median = results.toSorted((a, b) => a - b)[results.length >> 1] ?? 0
    print(`${name.padEnd(16)} ${median.toFixed(1).padStart(7)} µs`)
  }
}
