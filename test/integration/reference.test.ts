/**
 * The PDP against the reference, in worlds drawn at random: every administrative answer and every decision must be the same, with its whole
 * list of reasons and its chain. `FC_SEED` replays a run, `FC_QUESTIONS` says how many questions are asked; a disagreement is made small and
 * printed as a case.
 *
 * @module
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { play } from '../worlds/play.ts'
import { counterExample } from '../worlds/shrink.ts'
import { drawWorld, QUESTIONS_A_WORLD } from '../worlds/world.ts'

const QUESTIONS = Number(process.env['FC_QUESTIONS'] ?? 5_000)
const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
const WORLDS = Math.ceil(QUESTIONS / QUESTIONS_A_WORLD)

let tpdp: TestPdp
beforeAll(async () => {
  const env = { PDP_PERSON_PER_MINUTE: '6000000', PDP_PERSON_BURST: '100000' }
  tpdp = await startTestPdp({ openFga: inject('openFga'), env, frozen: true })
})
afterAll(() => tpdp?.stop())

test(
  `${WORLDS * QUESTIONS_A_WORLD} questions to PDP and reference, seed ${SEED}`,
  async () => {
    let asked = 0
    const agree = fc.asyncProperty(fc.gen(), async (gen) => {
      const steps = drawWorld(gen, tpdp.now())
      const { disagreement } = await play(tpdp, steps)
      if (disagreement) throw new Error(await counterExample(tpdp, { steps, disagreement }))
      asked += QUESTIONS_A_WORLD
    })
    // Not `assert`: its report would print every draw of the world before the case that matters.
    const { errorInstance } = await fc.check(agree, { seed: SEED, numRuns: WORLDS, endOnFailure: true })
    if (errorInstance) throw errorInstance
    expect(asked).toBeGreaterThanOrEqual(QUESTIONS)
  },
  60_000 + QUESTIONS * 60,
)
