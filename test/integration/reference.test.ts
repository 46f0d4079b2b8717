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
/** `npm test` asks the same of every commit, `npm run test:long` (which says how much) something new each time. */
const SEED = Number(process.env['FC_SEED'] ?? (process.env['FC_QUESTIONS'] ? Date.now() % 2 ** 31 : 2))
const WORLDS = Math.ceil(QUESTIONS / QUESTIONS_A_WORLD)

/** What so many questions cannot miss, or they are no test. */
const ENOUGH = 5_000
const COMMON = [
  ...['owner', 'delegated', 'chain of 2', 'chain of 3', 'no_grant', 'not_on_behalf'],
  ...['grant_expired', 'grant_revoked', 'grant_scope', 'grant_action', 'grant_persona', 'owner_persona_unusable'],
  ...['persona_unknown', 'persona_unusable', 'persona_action', 'agent_unknown', 'agent_suspended'],
  ...['attribute_invalid', 'no_consent', 'action_unknown', 'resource_unknown'],
  ...['grant_invalid', 'grant_not_redelegable', 'grant_widened'],
]

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
    const met = new Map<string, number>()
    const agree = fc.asyncProperty(fc.gen(), async (gen) => {
      const steps = drawWorld(gen, tpdp.now())
      const { disagreement, tally } = await play(tpdp, steps)
      if (disagreement) throw new Error(await counterExample(tpdp, steps, disagreement))
      asked += QUESTIONS_A_WORLD
      for (const [code, count] of tally) met.set(code, (met.get(code) ?? 0) + count)
    })
    // Not `assert`: its report would print every draw of the world before the case that matters.
    const { errorInstance } = await fc.check(agree, { seed: SEED, numRuns: WORLDS, endOnFailure: true, unbiased: true })
    if (errorInstance) throw errorInstance
    expect(asked).toBeGreaterThanOrEqual(QUESTIONS)
    const missed = asked < ENOUGH ? [] : COMMON.filter((code) => !met.has(code))
    expect(missed, 'worlds so tame that these never came up').toEqual([])
  },
  60_000 + QUESTIONS * 60,
)
