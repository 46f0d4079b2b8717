/**
 * Laws of authority, held against the real PDP in worlds drawn at random. `FC_SEED` replays a run.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startTestPdp, type TestPdp, type TestPdpOptions } from '../fixtures/pdp.ts'
import { startShufflingLine } from '../fixtures/shuffling-line.ts'
import type { Ask } from '../fixtures/world.ts'
import { unsettledCase } from '../worlds/case-text.ts'
import type { Gen } from '../worlds/draw.ts'
import {
  attenuation,
  type Broken,
  type Law,
  monotony,
  noneFromThinAir,
  ownedByFirst,
  revocation,
} from '../worlds/laws.ts'
import { answersTo, type Played, play, playOn, type Told } from '../worlds/play.ts'
import { drawAsk } from '../worlds/questions.ts'
import { smallest } from '../worlds/shrink.ts'
import type { Found, Step } from '../worlds/steps.ts'
import { drawHistory, drawMore } from '../worlds/world.ts'

/** `npm test` asks the same of every commit, `npm run test:long` (which says how much) something new each time. */
const SEED = Number(process.env['FC_SEED'] ?? (process.env['FC_QUESTIONS'] ? Date.now() % 2 ** 31 : 2))
const WORLDS = Math.max(1, Math.round(Number(process.env['FC_QUESTIONS'] ?? 2_500) / 1_250))
/** Of worlds, for what takes long. */
const FEW = Math.ceil(WORLDS / 2)
const COMMANDS = 25
/** What happens behind a replica's back. */
const MORE = 15
const ASKS = 150
const ENV = { PDP_PERSON_PER_MINUTE: '6000000', PDP_PERSON_BURST: '100000', OPENFGA_STORE: `laws-${randomUUID()}` }
const TIMEOUT = 60_000 + WORLDS * 30_000

let tpdp: TestPdp
beforeAll(async () => {
  tpdp = await startTestPdp({ openFga: inject('openFga'), env: ENV, frozen: true })
})
afterAll(() => tpdp?.stop())

/** Plays what is given, and says what is left when it is over. */
async function worldAfter(commands: readonly Step[]): Promise<Played> {
  const played = await play(tpdp, commands)
  if (played.disagreement) throw new Error('reference and PDP disagree: see the test of the reference')
  return played
}

interface Drawn {
  readonly gen: Gen
  readonly commands: readonly Step[]
  readonly played: Played
  readonly asks: readonly Ask[]
}

/** Draws worlds, and hands each with its questions to `look`. */
async function inWorlds(look: (drawn: Drawn) => Promise<void>, numRuns = WORLDS): Promise<void> {
  const property = fc.asyncProperty(fc.gen(), async (gen: Gen) => {
    const commands = drawHistory(gen, tpdp.now(), COMMANDS)
    const played = await worldAfter(commands)
    const asks = Array.from({ length: ASKS }, () => drawAsk(gen, played.facts))
    await look({ gen, commands, played, asks })
  })
  const run = { seed: SEED, numRuns, endOnFailure: true, unbiased: true }
  const { errorInstance } = await fc.check(property, run)
  if (errorInstance) throw errorInstance
}

/** The smallest history after which the same question breaks the law. */
async function explain(law: Law, commands: readonly Step[], broken: Broken): Promise<string> {
  const replay = async (steps: readonly Step[]): Promise<Found<Broken> | undefined> => {
    const { broken: what } = await law(await worldAfter(steps), [broken.ask])
    return what && { steps, what }
  }
  const { steps, what } = await smallest((await replay(commands)) ?? { steps: commands, what: broken }, replay, 0)
  return unsettledCase(what.why, [...steps, { ask: what.ask }])
}

test.for([
  ['attenuation: a child permits nothing that its parent’s chain denies', attenuation],
  ['revocation: nothing below a revoked link permits, at once', revocation],
  ['monotony: taking a grant away permits nothing that was denied', monotony],
  ['no authority from thin air: a permit follows from its stored grants alone', noneFromThinAir],
  ['no authority from thin air: a chain begins with whoever owns the resource', ownedByFirst],
] as const)(`%s, seed ${SEED}`, { timeout: TIMEOUT }, async ([, law]) => {
  let looked = 0
  await inWorlds(async ({ commands, played, asks }) => {
    const ruling = await law(played, asks)
    looked += ruling.looked
    if (ruling.broken) throw new Error(await explain(law, commands, ruling.broken))
  })
  expect(looked, 'a law that was never put to the test').toBeGreaterThan(0)
})

test(`determinism: asked again, or after a restart, the answer is the same, seed ${SEED}`, {
  timeout: TIMEOUT,
}, async () => {
  await inWorlds(async ({ played: { world }, asks }) => {
    const first = await answersTo(world, asks)
    expect(await answersTo(world, asks), 'asked again').toEqual(first)
    expect(await answersTo(world, [...asks].reverse()), 'asked the other way round').toEqual([...first].reverse())
    await tpdp.restart()
    expect(await answersTo(world, asks), 'after a restart').toEqual(first)
  }, FEW)
})

test(`determinism: a replica answers alike, whatever it remembers, seed ${SEED}`, { timeout: TIMEOUT }, async () => {
  await inWorlds(async ({ gen, commands, played, asks }) => {
    const { world, facts } = played
    const first = await answersTo(world, asks)
    await withReplica(async (replica) => {
      expect(await answersTo(world, asks, replica), 'by a replica').toEqual(first)
      const { disagreement } = await playOn(played, drawMore(gen, facts, MORE, commands))
      expect(disagreement, 'reference and PDP: see the test of the reference').toBeUndefined()
      replica.advance(tpdp.now() - replica.now())
      const [ours, theirs] = await Promise.all([answersTo(world, asks), answersTo(world, asks, replica)])
      expect(theirs.map(authority), 'by a replica, after a change that it has not heard of').toEqual(
        ours.map(authority),
      )
    })
  }, FEW)
})

test(`determinism: the order of the checks in a BatchCheck changes nothing, seed ${SEED}`, {
  timeout: TIMEOUT,
}, async () => {
  const { url, apiToken } = inject('openFga')
  const line = await startShufflingLine(url)
  try {
    await inWorlds(async ({ played: { world }, asks }) => {
      const first = await answersTo(world, asks)
      const answers = withReplica((replica) => answersTo(world, asks, replica), { url: line.url, apiToken })
      expect(await answers, 'by a replica whose BatchChecks are shuffled').toEqual(first)
    }, FEW)
    expect(line.shuffled, 'a law that was never put to the test').toBeGreaterThan(0)
  } finally {
    await line.stop()
  }
})

/** What is permitted and by which chain. Why not, a replica with a database of its own cannot always know: ended grants are remembered there. */
const authority = ({ permit, chain }: Told): unknown => (permit ? chain : false)

/** A second PDP on the same store, with a copy of what the first remembers, and the same time. */
async function withReplica<T>(
  use: (replica: TestPdp) => Promise<T>,
  openFga: TestPdpOptions['openFga'] = inject('openFga'),
): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mandate-replica-'))
  const database = new DatabaseSync(join(tpdp.dataDir, 'pdp.db'))
  database.exec(`VACUUM INTO '${join(dataDir, 'pdp.db')}'`)
  await copyFile(join(tpdp.dataDir, 'vault.key'), join(dataDir, 'vault.key'))
  database.close()
  const options = { openFga, env: ENV, frozen: true, dataDir, issuer: tpdp.issuer, claims: false }
  const replica = await startTestPdp(options)
  try {
    replica.advance(tpdp.now() - replica.now())
    return await use(replica)
  } finally {
    await replica.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
