/**
 * Short form of `npm run test:new-enemy`: PDPs on one PostgreSQL, changes through any of them, and decisions of each judged by one observer.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { type ArmOptions, runArm } from '../new-enemy/run.ts'

const PLAN = { seed: 20_261, pdps: 3, copies: 1, writers: 4, readers: 4 } satisfies Partial<ArmOptions>

test('without the read barrier, stale decisions are found', { timeout: 120_000 }, async () => {
  const options = { ...PLAN, barrier: 'off', faults: false, ms: 30_000, untilFirst: true } as const
  expect((await runArm(options)).violations).not.toEqual([])
})

test('with it, no decision is stale or torn, while PDPs are stopped, killed and cut off', {
  timeout: 120_000,
}, async () => {
  const { violations, counts } = await runArm({ ...PLAN, barrier: 'on', faults: true, ms: 20_000 })
  expect(violations.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([])
  expect(counts.changes).toBeGreaterThan(0)
  expect(counts.permits).toBeGreaterThan(0)
  expect(counts.denials).toBeGreaterThan(0)
})
