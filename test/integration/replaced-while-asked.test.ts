/**
 * A grant that is replaced between the reading of candidates and the BatchCheck about them: the delegate has a grant at every moment, so a denial would be
 * true at none.
 *
 * @module
 */
import type { OpenFga } from '@mandate/stack'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BadLine, type Behaviour, startBadLine } from '../fixtures/bad-line.ts'
import { startDurableOpenFga } from '../fixtures/durable.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

let openFga: OpenFga
let line: BadLine
let tpdp: TestPdp
let world: World
beforeAll(async () => {
  openFga = await startDurableOpenFga()
  line = await startBadLine(openFga.url)
  // Everything is asked of OpenFGA, in several requests.
  const env = { ENGINE: 'openfga', OPENFGA_DEADLINE_MS: '5000' }
  tpdp = await startTestPdp({ openFga: { url: line.url, apiToken: openFga.apiToken }, env })
  world = new World(tpdp)
  await world.begin()
})
afterAll(async () => {
  await tpdp?.stop()
  await line?.stop()
  await openFga?.stop()
})

test('is permitted by the grant that took its place', async () => {
  await world.grant({ from: 'A', to: 'B', name: 'g1', actions: ['execute'] })
  const statuses: number[] = []
  line.behave(async (path): Promise<Behaviour> => {
    if (!path.endsWith('/batch-check') || statuses.length > 0) return 'pass'
    statuses.push(0)
    const replaces = world.named.get('g1') ?? ''
    const { status } = await world.grant({ from: 'A', to: 'B', name: 'g2', actions: ['read', 'execute'], replaces })
    statuses[0] = status
    return 'pass'
  })
  const { body } = await world.ask({ subject: 'B', action: 'execute', item: 'flight' })
  expect(statuses).toEqual([201])
  expect(body).toMatchObject({ decision: true, context: { chain: [{ grant: world.named.get('g2') }] } })
})
