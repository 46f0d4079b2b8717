/**
 * The register's contract: grants, personas, agents, resources, models.
 */
import { Fault } from '@mandate/protocol'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { GrantBody } from '../../pdp/src/ports/grants.ts'
import type { AgentRecord, PersonaRecord, Register } from '../../pdp/src/ports/register.ts'
import type { Database } from '../../pdp/src/store/sql.ts'
import type { SqlStores } from '../../pdp/src/store/stores.ts'
import { aGrant, aRecord, openPdp, type Place, useImplementations } from './pdp-stores.ts'

const IMPLEMENTATIONS = useImplementations()

const NOW = 1_000_000
const existing = async (issue: Promise<unknown>): Promise<unknown> =>
  issue.then(
    () => undefined,
    (error: unknown) => (error instanceof Fault && error.code === 'grant_exists' ? error.members?.['grant'] : error),
  )

describe.for(IMPLEMENTATIONS)('on %s', ([, placeOf]) => {
  let place: Place
  let database: Database
  let stores: SqlStores
  let register: Register
  beforeEach(async () => {
    place = await placeOf()
    database = await place.connect()
    stores = await openPdp(database)
    register = stores.register
  })

  const issue = async (grant: GrantBody): Promise<GrantBody> => {
    await register.proposeGrant(grant, NOW)
    await register.completeGrant(grant.id)
    return grant
  }

  const endNow = async (id: string, at: number): Promise<void> => {
    const end = { by: 'user:p_anna', at, reason: '' } as const
    await register.proposeEnd(id, end)
    await register.endGrant(id, end)
  }

  describe('grants', () => {
    test('one that is proposed is pending: it is listed as that, and is no grant', async () => {
      const grant = aGrant('g1')
      await register.proposeGrant(grant, NOW)
      expect(await register.proposedAmong(['g1', 'g2'])).toEqual(new Set(['g1']))
      expect(await register.byId('g1')).toBeUndefined()
      expect(await register.pendingGrant('g1')).toEqual(aRecord(grant, { pending: true }))
      const filter = { ended: true, now: NOW, limit: 10 }
      expect(await register.grants(filter)).toEqual([])
      expect((await register.grants({ ...filter, pending: true })).map(({ id }) => id)).toEqual(['g1'])
      await register.completeGrant('g1')
      expect([await register.pendingGrants(), await register.proposedAmong(['g1'])]).toEqual([[], new Set()])
      expect(await register.byId('g1')).toEqual(aRecord(grant))
    })

    test('one that is dropped never was', async () => {
      await register.proposeGrant(aGrant('g1'), NOW)
      await register.dropGrant('g1')
      expect([await register.pendingGrants(), await register.proposedAmong(['g1'])]).toEqual([[], new Set()])
      await issue(aGrant('g2'))
      await expect(register.dropGrant('g2')).rejects.toThrow()
      expect(await register.byId('g2')).toBeDefined()
    })

    test('what is pending is pending for the next start', async () => {
      await register.proposeGrant(aGrant('g1'), NOW)
      const next = await openPdp(place.connect())
      expect(await next.register.proposedAmong(['g1'])).toEqual(new Set(['g1']))
      expect((await next.register.pendingGrants()).map(({ id }) => id)).toEqual(['g1'])
    })

    test('an end is pending, and then final: the first one counts', async () => {
      await issue(aGrant('g1'))
      const end = { by: 'user:p_anna', at: NOW + 1, reason: 'enough' } as const
      await register.proposeEnd('g1', end)
      expect((await register.pendingEnds()).map((one) => [one.grant.id, one.end])).toEqual([['g1', end]])
      await register.endGrant('g1', end)
      await register.proposeEnd('g1', end)
      await register.endGrant('g1', { ...end, at: NOW + 5, reason: 'again' })
      expect(await register.pendingEnds()).toEqual([])
      expect(await register.byId('g1')).toMatchObject({ revokedAt: NOW + 1, revokedBy: end.by, revokeReason: 'enough' })
      await register.eraseWordsOf(end.by)
      expect(await register.byId('g1')).toMatchObject({ revokeReason: 'revoked' })
    })

    test('a chain is read at once, in whatever order it is asked for', async () => {
      for (const id of ['g1', 'g2', 'g3']) await issue(aGrant(id, { redelegations: Number(id.slice(1)) }))
      expect([...(await register.byIds(['g3', 'g1', 'gone', 'g3'])).keys()].sort()).toEqual(['g1', 'g3'])
      expect(await register.byIds([])).toEqual(new Map())
    })

    test('those between two people: of the scopes asked for first, then the newest', async () => {
      for (const [index, deed] of ['d1', 'd2', 'd1', 'd3'].entries())
        await issue(aGrant(`g${index}`, { scope: { deed, part: undefined }, redelegations: index }))
      await issue(aGrant('g9', { delegate: 'user:p_eve' }))
      const between = await register.between('user:p_anna', 'user:p_bert', [{ deed: 'd1', part: undefined }], 3)
      expect(between.map(({ id }) => id)).toEqual(['g2', 'g0', 'g3'])
    })

    test('a transfer ends what is live on the deed and its parts, and on no other', async () => {
      const part = 'workflow_item:a' as const
      await issue(aGrant('whole'))
      await issue(aGrant('part', { scope: { deed: 'd1', part }, covers: part }))
      await issue(aGrant('other', { scope: { deed: 'd10', part: undefined } }))
      await register.endGrantsUnder('d1', NOW)
      const reasons = await Promise.all(
        ['whole', 'part', 'other'].map(async (id) => (await register.byId(id))?.revokeReason),
      )
      expect(reasons).toEqual(['transferred', 'transferred', undefined])
    })

    test('dead ones are swept from the leaves of what was swept, once', async () => {
      await issue(aGrant('old', { expiresAt: NOW }))
      await issue(aGrant('child', { parent: 'old', path: ['old', 'child'] }))
      expect((await register.deadGrants(NOW, 10)).map(({ id }) => id)).toEqual(['old'])
      await register.markSwept('old')
      expect((await register.deadGrants(NOW, 10)).map(({ id }) => id)).toEqual(['child'])
      await register.markSwept('child')
      expect(await register.deadGrants(NOW, 10)).toEqual([])
    })

    test('an exchange: the new ones take the place of the old ones, or none does', async () => {
      const from = await issue(aGrant('g1'))
      const exchanged = [{ from, to: aGrant('g2', { expiresAt: 3_000_000 }) }]
      await register.proposeExchange(exchanged, NOW)
      expect((await register.byId('g1'))?.revokedAt).toBeUndefined()
      await register.dropExchange(exchanged)
      expect(await existing(register.proposeGrant(aGrant('g3'), NOW))).toBe('g1')
      await register.proposeExchange(exchanged, NOW)
      await register.completeExchange(exchanged, 'user:p_anna', NOW)
      expect(await register.byId('g1')).toMatchObject({ revokeReason: 'replaced', replacedBy: 'g2' })
      expect(await register.byId('g2')).toEqual(aRecord(exchanged[0]?.to ?? aGrant('')))
      expect(await existing(register.proposeGrant(aGrant('g4'), NOW))).toBe('g2')
    })

    test('an exchange that meets an equal grant changes nothing', async () => {
      const from = await issue(aGrant('g1'))
      const other = await issue(aGrant('g2', { actions: ['read'] }))
      const to = aGrant('g3', { actions: other.actions })
      expect(await existing(register.proposeExchange([{ from, to }], NOW))).toBe('g2')
      expect(await register.pendingGrants()).toEqual([])
    })
  })

  describe('of equal grants one is live', () => {
    const twoAtOnce = async (): Promise<readonly unknown[]> => {
      const other = await openPdp(place.connect(), { owner: 'another PDP' })
      const both = [
        { pdp: stores, grant: aGrant('g1') },
        { pdp: other, grant: aGrant('g2') },
      ]
      // As an issue does it: look first, then propose.
      const found = await Promise.all(both.map(({ pdp, grant }) => pdp.register.liveDuplicate(grant, NOW)))
      expect(found).toEqual([undefined, undefined])
      return Promise.all(both.map(({ pdp, grant }) => existing(pdp.register.proposeGrant(grant, NOW))))
    }

    test('two PDPs that issue it at the same time: one grant, and one is told which', async () => {
      for (const answer of [await twoAtOnce()]) {
        expect(answer.filter((one) => one === undefined)).toHaveLength(1)
        expect(answer.filter((one) => one === 'g1' || one === 'g2')).toHaveLength(1)
      }
      expect(await register.pendingGrants()).toHaveLength(1)
    })

    test('without the constraint there are two', async () => {
      await database.change('DROP INDEX grants_live')
      expect(await twoAtOnce()).toEqual([undefined, undefined])
    })

    test('one that has expired, or ended, is in nobody`s way', async () => {
      await issue(aGrant('g1', { expiresAt: NOW }))
      await issue(aGrant('g2'))
      await endNow('g2', NOW)
      await issue(aGrant('g3'))
      expect(await existing(register.proposeGrant(aGrant('g4'), NOW))).toBe('g3')
      expect(await register.liveDuplicate(aGrant('g4'), NOW)).toBe('g3')
      expect(await register.liveDuplicate(aGrant('g4'), NOW, 'g3')).toBeUndefined()
    })

    test('whatever is issued, ended and expired, at most one is live a key', async () => {
      const step = fc.record({
        what: fc.constantFrom('issue', 'end', 'later'),
        kind: fc.constantFrom('read', 'execute'),
        lives: fc.integer({ min: 1, max: 3 }),
      })
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          run += 1
          const owner = `user:p_run${run}` as const
          let now = NOW
          for (const [index, { what, kind, lives }] of steps.entries()) {
            const grant = aGrant(`r${run}-${index}`, {
              delegator: owner,
              owner,
              actions: [kind],
              expiresAt: now + lives,
            })
            const live = await register.liveDuplicate(grant, now)
            if (what === 'later') now += 1
            else if (what === 'end' && live) await endNow(live, now)
            else if (what === 'issue') {
              expect(await existing(register.proposeGrant(grant, now))).toBe(live)
              if (!live) await register.completeGrant(grant.id)
            }
          }
          const open = await register.grants({ owner, ended: false, now, limit: 100 })
          expect(new Set(open.map(({ actions }) => actions.join())).size).toBe(open.length)
        }),
        { numRuns: 30 },
      )
    })
  })

  const aPersona = (more: Partial<PersonaRecord> = {}): PersonaRecord => ({
    id: 'p_anna.traveler.family.1',
    holder: 'user:p_anna',
    title: 'traveler',
    circle: 'family',
    domain: 'travel',
    status: 'active',
    validFrom: 1,
    validTill: 2,
    autonomy: { consent: true, limits: { price: { at_most: 5, currency: 'EUR' } } },
    createdAt: NOW,
    ...more,
  })

  test('a persona is pending until it is complete, and comes back as it was', async () => {
    const persona = aPersona()
    await register.proposePersona(persona)
    expect(await register.pendingPersonas()).toEqual([{ ...persona, pending: true }])
    await register.completePersona(aPersona({ status: 'pending', autonomy: undefined }))
    await expect(register.completePersona(persona)).rejects.toThrow()
    expect(await register.pendingPersonas()).toEqual([])
    expect(await register.persona(persona.id)).toEqual(aPersona({ status: 'pending', autonomy: undefined }))
    expect((await register.personasAwaitingApproval()).map(({ id }) => id)).toEqual([persona.id])
    expect(await register.personas('user:p_bert')).toEqual([])
  })

  test('an agent is bound once: of two that bind it at the same time, both learn to whom', async () => {
    const agent: AgentRecord = { id: 'a', active: true, serviceSub: undefined, createdAt: NOW }
    await register.proposeAgent(agent)
    expect(await register.agent('a')).toEqual({ ...agent, pending: true })
    await register.completeAgent(agent)
    const other = await openPdp(place.connect(), { owner: 'another PDP' })
    const bound = await Promise.all([register.bindAgent('a', 'one'), other.register.bindAgent('a', 'two')])
    expect(new Set(bound).size).toBe(1)
    const suspended = { ...agent, active: false, serviceSub: 'three' }
    await register.proposeAgent(suspended)
    await register.completeAgent(suspended)
    expect(await register.agent('a')).toEqual({ ...agent, active: false, serviceSub: bound[0] })
  })

  test('resources: where searches begin, and when a part was registered', async () => {
    const root = {
      resource: 'workflow:w',
      root: 'workflow:w',
      ancestors: [],
      owner: 'user:p_anna',
      persona: 'p',
      deed: 'd',
    } as const
    const part = { ...root, resource: 'workflow_item:i', ancestors: ['workflow:w'] } as const
    await register.putResource(root)
    await register.putResource(part, '01ARZ')
    await register.putResource({ ...part, owner: 'user:p_bert' })
    expect(await register.owned('user:p_anna', 'workflow')).toEqual(['workflow:w'])
    expect(await register.owned('user:p_anna', 'workflow', 'other')).toEqual([])
    expect(await register.parts('workflow:w', 'workflow_item')).toEqual(['workflow_item:i'])
    expect([await register.since('workflow_item:i'), await register.since('workflow:gone')]).toEqual(['01ARZ', ''])
    await register.dropResource('workflow_item:i')
    expect(await register.parts('workflow:w', 'workflow_item')).toEqual([])
  })

  test('the model of a policy is remembered a store', async () => {
    await register.rememberModel('s', 'p', 'm1')
    await register.rememberModel('s', 'p', 'm2')
    expect([await register.modelOf('s', 'p'), await register.modelOf('t', 'p')]).toEqual(['m2', undefined])
  })
})
