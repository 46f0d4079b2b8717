/**
 * `replaces` and `moves` (rule C6): one grant for another in one atomic change.
 *
 * @module
 */
import { describe, expect, inject, test } from 'vitest'
import { startBadLine } from '../fixtures/bad-line.ts'
import { startTestPdp } from '../fixtures/pdp.ts'
import { useSuite } from '../fixtures/suite.ts'
import { type GrantStep, World } from '../fixtures/world.ts'

const suite = useSuite()
const FLIGHT = { action: 'execute', item: 'flight' } as const
const AB = { from: 'A', to: 'B', actions: ['execute'], redelegations: 2 } as const

const idOf = (name: string, world = suite.world): string => world.named.get(name) ?? name
const replace = (old: string, grant: GrantStep, moves: readonly string[] = [], world = suite.world) =>
  world.grant({ ...grant, ...{ replaces: idOf(old, world), moves: moves.map((name) => idOf(name, world)) } })
const read = async (name: string) =>
  (await suite.world.call('GET', `/v1/grants/${idOf(name)}`, suite.world.as('A'))).body
const codes = async (answer: ReturnType<typeof replace>) => {
  const { status, body } = await answer
  return [status, body.code, body.field]
}

/** A→B→C→D, and B→M beside it. */
async function family(): Promise<void> {
  await suite.give({ ...AB, name: 'ab' })
  await suite.give({ from: 'B', to: 'C', actions: ['execute'], parent: 'ab', redelegations: 1, name: 'bc' })
  await suite.give({ from: 'C', to: 'D', actions: ['execute'], parent: 'bc', name: 'cd' })
  await suite.give({ from: 'B', to: 'S', actions: ['read'], parent: 'ab', name: 'bs' })
}

describe('C6: replaces', () => {
  test('renews a grant: the old one ends as replaced and says by what', async () => {
    await suite.give({ ...AB, name: 'ab' })
    const answer = await replace('ab', { ...AB, days: 30, name: 'new' })
    expect(answer.status).toBe(201)
    expect(await read('ab')).toMatchObject({
      status: 'revoked',
      revoke_reason: 'replaced',
      replaced_by: idOf('new'),
      revoked_by: suite.world.ref('A'),
    })
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['delegated'])
    suite.tpdp.advance(8 * 86_400_000)
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['delegated'])
  })

  test('ends what lies below, but for what is moved by name, however deep', async () => {
    await family()
    const answer = await replace('ab', { ...AB, name: 'new' }, ['cd', 'bc'])
    expect(answer.status).toBe(201)
    expect(Object.keys(answer.body.moved).sort()).toEqual([idOf('bc'), idOf('cd')].sort())
    expect(await suite.codes({ subject: 'C', ...FLIGHT })).toEqual(['delegated'])
    expect(await suite.chain({ subject: 'D', ...FLIGHT })).toEqual(['A', 'B', 'C', 'D'])
    expect(await suite.codes({ subject: 'S', action: 'read', item: 'flight' })).toEqual(['grant_revoked'])
    const moved = answer.body.moved[idOf('bc')]
    expect(await read('bc')).toMatchObject({ status: 'revoked', revoke_reason: 'replaced', replaced_by: moved })
    expect(await read(moved)).toMatchObject({ status: 'live', parent: idOf('new'), delegator: suite.world.ref('B') })
    expect((await read('bs')).status).toBe('cut')
  })

  test('survives a restart, and the moved can be revoked by all who could before', async () => {
    await family()
    const { body } = await replace('ab', { ...AB, name: 'new' }, ['bc', 'cd'])
    await suite.tpdp.restart()
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['delegated'])
    suite.world.named.set('moved', body.moved[idOf('bc')])
    expect((await suite.world.revoke('moved', 'B')).status).toBe(200)
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['grant_revoked'])
  })

  test('moves an agent`s grant, both ways of using it', async () => {
    await suite.give({ ...AB, name: 'ab' })
    await suite.give({ from: 'B', to: 'X', actions: ['execute'], parent: 'ab', unattended: true, name: 'bx' })
    expect((await replace('ab', { ...AB, days: 20 }, ['bx'])).status).toBe(201)
    expect(await suite.codes({ subject: 'X', ...FLIGHT })).toEqual(['delegated'])
    expect(await suite.codes({ subject: 'B', actor: 'X', ...FLIGHT })).toEqual(['delegated'])
  })

  test('refuses what the new parent does not cover, and changes nothing then', async () => {
    await family()
    expect(await codes(replace('ab', { ...AB, actions: ['read'] }, ['bc']))).toEqual([403, 'grant_widened', 'moves'])
    expect(await codes(replace('ab', { ...AB, redelegations: 1 }, ['bc']))).toEqual([403, 'grant_widened', 'moves'])
    expect(await codes(replace('ab', { ...AB, seconds: 3_600 }, ['bc']))).toEqual([403, 'grant_widened', 'moves'])
    expect(await codes(replace('ab', { ...AB, to: 'M2' }, ['bc']))).toEqual([422, 'grant_invalid', 'moves'])
    const asks = { ...AB, delegate_persona: 'traveler' } as const
    expect(await codes(replace('ab', asks, ['bc']))).toEqual([403, 'grant_persona', 'moves'])
    expect(await codes(replace('ab', AB, ['cd']))).toEqual([422, 'grant_invalid', 'moves'])
    expect(await codes(replace('ab', AB, ['bc', 'bc']))).toEqual([422, 'grant_invalid', 'moves'])
    expect(await codes(replace('ab', AB, ['ab']))).toEqual([422, 'grant_invalid', 'moves'])
    expect(await codes(suite.world.grant({ ...AB, ...{ moves: [idOf('bc')] } }))).toEqual([
      422,
      'grant_invalid',
      'moves',
    ])
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['delegated'])
    expect((await read('ab')).status).toBe('live')
  })

  test('refuses another`s grant, one that ended, and one it would hang from', async () => {
    await family()
    const bc = { from: 'B', to: 'C', actions: ['execute'], parent: 'ab' } as const
    expect(await codes(replace('ab', bc))).toEqual([404, 'grant_unknown', undefined])
    expect(await codes(replace('bc', { ...AB }))).toEqual([404, 'grant_unknown', undefined])
    await suite.world.revoke('ab', 'A')
    expect(await codes(replace('ab', AB))).toEqual([409, 'conflict', undefined])
  })

  test('of more than one change can hold, refuses', async () => {
    const { world } = suite
    await suite.give({ ...AB, name: 'ab' })
    const names: string[] = []
    for (let index = 0; index < 17; index += 1) {
      const seconds = 3_600 + index
      const grant = {
        from: 'B',
        to: 'C',
        actions: ['read'],
        parent: 'ab',
        seconds,
        limits: [{ attribute: 'risk', at_most: index }],
      }
      names.push(await suite.give({ ...grant, name: `c${index}` }))
    }
    expect(await codes(replace('ab', AB, names))).toEqual([422, 'grant_invalid', 'moves'])
    expect((await replace('ab', AB, names.slice(0, 12))).status).toBe(201)
    const list = await world.call('GET', '/v1/grants?limit=200', world.as('C'))
    expect(list.body.items).toHaveLength(12)
  })
})

test('an exchange cut in half is whole again: as soon as the store is there, or at the next start', async () => {
  const line = await startBadLine(inject('openFga').url)
  const tpdp = await startTestPdp({
    openFga: { ...inject('openFga'), url: line.url },
    env: { PDP_PERSON_PER_MINUTE: '60000' },
  })
  try {
    for (const cut of ['lose', 'refuse'] as const) {
      for (const restart of [false, true]) {
        const world = new World(tpdp)
        await world.begin()
        await world.grant({ ...AB, name: 'ab' })
        await world.grant({ from: 'B', to: 'C', actions: ['execute'], parent: 'ab', name: 'bc' })
        let down = false
        line.behave((path) => {
          if (down) return 'refuse'
          down = path.endsWith('/write')
          return down ? cut : 'pass'
        })
        expect((await replace('ab', { ...AB, days: 20 }, ['bc'], world)).status).toBe(503)
        if (restart) await tpdp.restart(() => line.behave(() => 'pass'))
        else line.behave(() => 'pass')
        const statuses = async () => {
          const { body } = await world.call('GET', '/v1/grants?include=ended', world.as('A'))
          return body.items.map((grant: { readonly status: string }) => grant.status).sort()
        }
        const wanted = cut === 'lose' ? ['live', 'live', 'revoked', 'revoked'] : ['live', 'live']
        await expect.poll(statuses).toEqual(wanted)
        for (const subject of ['B', 'C'])
          expect((await world.ask({ subject, ...FLIGHT })).body.context.reason, `${cut} ${subject}`).toBe('delegated')
      }
    }
  } finally {
    line.behave(() => 'pass')
    await tpdp.stop()
    await line.stop()
  }
})
