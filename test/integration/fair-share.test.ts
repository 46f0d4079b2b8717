/**
 * One caller's flood of batches is that caller's own trouble: others are answered and authority is taken away while it is under way.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { useSuite } from '../fixtures/suite.ts'

// The queue before OpenFGA is what is shared: every decision asks it.
const suite = useSuite({ env: { PDP_PERSON_PER_MINUTE: '6000000', PDP_PERSON_BURST: '1000000', ENGINE: 'openfga' } })
const BATCHES = 6
const ITEMS = 1_000

/** Six batches of a thousand at a time, by S about themself. @returns How many have been answered so far, and what ends them. */
async function flood() {
  const { tpdp, world } = suite
  const { subject, action, resource } = world.question({ subject: 'S', action: 'execute', item: 'dinner' })
  const evaluations = Array.from({ length: ITEMS }, () => ({}))
  const gone = new AbortController()
  let answered = 0
  const token = await tpdp.issuer.token(world.as('S'))
  const batches = Array.from({ length: BATCHES }, () =>
    fetch(`${tpdp.pdp.url}/access/v1/evaluations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ subject, action, resource, evaluations }),
      signal: gone.signal,
    }).then(async (answer) => {
      expect(answer.status, await answer.text()).toBe(200)
      answered += 1
    }),
  )
  const ended = Promise.allSettled(batches)
  return {
    answered: () => answered,
    end: () => {
      gone.abort()
      return ended
    },
  }
}

/** How many evaluations the PDP has recorded. */
async function recorded(): Promise<number> {
  const { text } = await suite.tpdp.call('GET', '/metrics')
  return Number(/^mandate_log_entries_total\{kind="evaluation"\} (\d+)$/mu.exec(text)?.[1] ?? 0)
}

test('decisions of others, grants and revocations are done while the flood is under way', async () => {
  const { world } = suite
  await suite.give({ from: 'A', to: 'B', name: 'ab', actions: ['execute'] })
  const batches = await flood()
  for (let asked = 0; asked < 5; asked += 1)
    expect((await world.ask({ subject: 'B', action: 'execute', item: 'dinner' })).body.decision).toBe(true)
  expect((await world.revoke('ab', 'A')).status).toBe(200)
  expect((await world.ask({ subject: 'B', action: 'execute', item: 'dinner' })).body.decision).toBe(false)
  await suite.give({ from: 'A', to: 'C', actions: ['execute'] })
  expect(batches.answered()).toBe(0)
  await batches.end()
})

test('a batch whose caller is gone is not decided to its end', async () => {
  const batches = await flood()
  await suite.codes({ subject: 'A', action: 'execute', item: 'dinner' })
  await batches.end()
  let before = -1
  // What was decided is recorded; then nothing more comes.
  await expect
    .poll(
      async () => {
        const now = await recorded()
        const same = now === before
        before = now
        return same
      },
      { interval: 500, timeout: 20_000 },
    )
    .toBe(true)
  expect(before).toBeLessThan(BATCHES * ITEMS)
})
