/**
 * Refused calls of nobody in particular, and health checks, in the decision log (rule L1).
 *
 * @module
 */
import { expect, inject, test } from 'vitest'
import { startTestPdp } from '../fixtures/pdp.ts'

const AUDITOR = { sub: 'staff-auditor', azp: 'auditor', roles: ['auditor'] }

test('L1: refusals without a valid caller are one summary entry a source, health checks none', async ({
  onTestFinished,
}) => {
  const tpdp = await startTestPdp({ openFga: inject('openFga') })
  onTestFinished(() => tpdp.stop())
  const refusals = async () => (await tpdp.call('GET', '/v1/decisions?kind=refused', { as: AUDITOR })).body

  for (let count = 0; count < 25; count += 1)
    expect((await tpdp.call('POST', '/access/v1/evaluation', { body: {} })).status).toBe(401)
  expect((await refusals()).total, 'nothing is recorded call by call').toBe(0)
  // What was counted is written once a minute, and when the PDP stops.
  await tpdp.restart()
  const { total, entries: found } = await refusals()
  expect(total).toBe(1)
  expect(found[0]).toMatchObject({ kind: 'refused', change: { unauthenticated: 25 } })
  expect(found[0].target).toMatch(/^source:[\w-]{16}$/)

  const all = async () => (await tpdp.call('GET', '/v1/decisions', { as: AUDITOR })).body.total
  const before = await all()
  for (const path of ['/livez', '/readyz', '/healthz']) await tpdp.call('GET', path)
  // Reading the log is itself an entry: the first reading, and nothing besides.
  expect(await all()).toBe(before + 1)
})
