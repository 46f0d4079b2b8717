/**
 * Permits and the ends of their grants in the log: a permit is recorded after it was decided, and says as of when that was.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LoggedEntry, parseVerifierKey } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import { TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const FLIGHT = { subject: 'B', action: 'execute', item: 'flight' } as const
const ROUNDS = 5
const ASKING = 12

async function entriesOf(query: string): Promise<readonly LoggedEntry[]> {
  return (await suite.tpdp.call('GET', `/v1/decisions?limit=1000&${query}`, { as: AUDITOR })).body.entries
}

test('under load every permit was decided before the log said that its grant had ended, and the log verifies', async () => {
  const { tpdp, world } = suite
  for (let round = 0; round < ROUNDS; round += 1) {
    await suite.give({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
    const asking = Array.from({ length: ASKING }, async () => {
      let decision = true
      while (decision) ({ decision } = (await world.ask(FLIGHT)).body)
    })
    await world.ask(FLIGHT)
    await world.revoke('ab', 'A')
    await Promise.all(asking)
  }
  const ends = new Map((await entriesOf('kind=grant_revoked')).map(({ target, index }) => [target, index]))
  const permits = await entriesOf('kind=evaluation&decision=permit')
  expect(ends.size).toBe(ROUNDS)
  expect(permits.length).toBeGreaterThanOrEqual(ROUNDS)
  for (const { as_of, at, index, chain = [] } of permits) {
    expect(as_of?.position).toBeLessThanOrEqual(index)
    expect(Date.parse(as_of?.at ?? '')).toBeLessThanOrEqual(Date.parse(at))
    for (const { grant } of chain) expect(as_of?.position).toBeLessThanOrEqual(ends.get(grant) ?? index)
  }
  const keys = [await parseVerifierKey((await readFile(join(tpdp.dataDir, 'log.vkey'), 'utf8')).trim())]
  expect((await verifyDirectory({ directory: join(tpdp.dataDir, 'log'), keys })).findings).toEqual([])
})

test('a denial and an item of a batch say as of when they were decided as well', async () => {
  const { tpdp, world } = suite
  const body = { ...world.question(FLIGHT), evaluations: [{}, { action: { name: 'read' } }] }
  const { status } = await tpdp.call('POST', '/access/v1/evaluations', { as: TRIPS, body })
  expect(status).toBe(200)
  const entries = await entriesOf('kind=evaluation&decision=deny')
  expect(entries.length).toBeGreaterThanOrEqual(2)
  for (const { as_of, index } of entries) expect(as_of?.position).toBeLessThanOrEqual(index)
})
