import type { Entry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { LeaseHeld } from '../ports/leases.ts'
import { LaterChanges, type LaterChangesDeps } from './later-changes.ts'

const entry = (
  kind: Entry['kind'],
  target: string,
  change: Entry['change'],
  at = '2030-01-01T00:00:00.000Z',
): Entry => ({
  v: 1,
  id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  kind,
  at,
  target,
  change,
})
const later = (at: number): string => new Date(Date.UTC(2030, 0, 1) + at * 1_000).toISOString()

const grantOf = (id: string) => ({ id, delegator: 'user:p_a', revokedAt: undefined })
const persona = { id: 'p1', status: 'active', autonomy: { consent: true, limits: { price: { at_most: 1 } } } }

/** A database in which everything is live. `held`: ids of what another PDP is carrying out. */
function database(held: readonly string[] = [], more: Partial<LaterChangesDeps['register']> = {}) {
  const proposed: unknown[] = []
  const propose =
    (kind: string) =>
    async (what: unknown, change?: unknown): Promise<void> => {
      const id = typeof what === 'string' ? what : (what as { readonly id: string }).id
      if (held.includes(id)) throw new LeaseHeld('grant', id)
      proposed.push([kind, what, ...(change === undefined ? [] : [change])])
    }
  const deps = {
    register: {
      byIds: async (ids: readonly string[]) => new Map(ids.map((id) => [id, grantOf(id)])),
      pendingEnds: async () => [],
      proposeEnd: propose('end'),
      persona: async () => persona,
      proposePersona: propose('persona'),
      agent: async (id: string) => ({ id, active: true }),
      proposeAgent: propose('agent'),
      ...more,
    },
    intents: { replacements: async () => [{ exchanged: [{ from: { id: 'replaced' }, to: { id: 'new' } }] }] },
    keys: { byId: async () => ({ record: { revokedAt: undefined } }), revoke: propose('key') },
  } as unknown as LaterChangesDeps
  return { deps, proposed }
}

function found(...entries: readonly Entry[]): LaterChanges {
  const changes = new LaterChanges()
  for (const one of entries) changes.add(one, false)
  return changes
}

const ended = (id: string): Entry => entry('grant_revoked', id, { by: 'user:p_b' })
const status = (value: string, at: number): Entry =>
  entry('persona_changed', 'p1', { status: value, autonomy: persona.autonomy }, later(at))

test('ends what the log has as ended, by whom and when the log says', async () => {
  const { deps, proposed } = database()
  const changes = found(
    ended('g1'),
    entry('grant_revoked', 'g2', {}),
    entry('key_changed', 'mk_k1', { status: 'revoked' }),
  )
  expect(await changes.propose(deps, false)).toEqual({ grants: 2, keys: 1, personas: 0, agents: 0 })
  const at = Date.parse(later(0))
  expect(proposed).toEqual([
    ['end', 'g1', { by: 'user:p_b', at, reason: '' }],
    ['end', 'g2', { by: 'user:p_a', at, reason: '' }],
    ['key', 'k1', at],
  ])
})

test('leaves alone what is pending, part of a pending replacement, ended already, or carried out by another PDP', async () => {
  const { deps, proposed } = database(['held'], {
    pendingEnds: async () => [{ grant: grantOf('pending') }] as never,
    byIds: async (ids) =>
      new Map(ids.map((id) => [id, { ...grantOf(id), ...(id === 'over' ? { revokedAt: 1 } : {}) }])) as never,
  })
  const changes = found(...['pending', 'replaced', 'over', 'held', 'live'].map(ended))
  expect(await changes.propose(deps, true)).toMatchObject({ grants: 1 })
  expect(proposed).toMatchObject([['end', 'live', {}]])
})

test.for([
  ['the newest entry counts, in either order of reading', [status('suspended', 2), status('active', 1)], 'suspended'],
  ['what was lifted later is not ended', [status('suspended', 1), status('active', 2)], undefined],
  ['a creation or a key that was made ends nothing', [entry('key_changed', 'mk_k', { status: 'created' })], undefined],
] as const)('%s', async ([, entries, expected]) => {
  const { deps, proposed } = database()
  await found(...entries).propose(deps, true)
  expect(proposed).toMatchObject(expected ? [['persona', { status: expected }]] : [])
})

test('after a crash beside other PDPs, which may have lifted it since, a suspension is not repeated; a revocation is', async () => {
  const suspended = database()
  const agent = entry('agent_changed', 'agent:x', { status: 'suspended' })
  expect(await found(status('suspended', 1), agent).propose(suspended.deps, false)).toMatchObject({
    personas: 0,
    agents: 0,
  })
  const revoked = database()
  await found(status('revoked', 1)).propose(revoked.deps, false)
  expect(revoked.proposed).toMatchObject([['persona', { status: 'revoked', autonomy: undefined }]])
})

test('a consent is taken back with its limits kept', async () => {
  const { deps, proposed } = database()
  await found(entry('persona_changed', 'p1', { status: 'active' })).propose(deps, true)
  expect(proposed).toEqual([
    ['persona', { ...persona, autonomy: { ...persona.autonomy, consent: false }, pending: undefined }],
  ])
})

test('counts by kind what it does not apply, and only what is later than the database', () => {
  const changes = new LaterChanges()
  for (const isLater of [true, false, true]) changes.add(entry('resource_transferred', 'r', {}), isLater)
  changes.add(entry('facts_changed', 'f', {}), true)
  expect(changes.byHand).toEqual({ resource_transferred: 2, facts_changed: 1 })
})
