import { expect, test } from 'vitest'
import { answerJson, aSignedInWorld } from './core.fixture.ts'

const PAGES = 3
const idOf = (number: number): string => `01KA${String(number).padStart(22, '0')}`
const aGrant = (number: number) => ({
  id: idOf(number),
  status: 'live',
  delegator: 'user:alice-sub',
  delegate: `user:friend-${number}`,
  owner: 'user:alice-sub',
  actions: ['read'],
  scope: 'workflow:t',
  limits: [],
  expires_at: '2099-01-01T00:00:00Z',
  redelegations: 0,
  unattended: false,
  created_at: '2026-01-01T00:00:00Z',
})

/** Two grants a page; a cursor is the number of the next. */
async function aWorldOfPages() {
  const world = await aSignedInWorld()
  const queries: URLSearchParams[] = []
  world.services.on('/v1/grants', (req, res) => {
    const { searchParams } = new URL(req.url ?? '', 'http://any')
    queries.push(searchParams)
    const page = Number((searchParams.get('cursor') ?? idOf(0)).slice(4))
    const more = page + 1 < PAGES ? { next_cursor: idOf(page + 1) } : {}
    answerJson(res, 200, { items: [aGrant(page * 2), aGrant(page * 2 + 1)], ...more })
  })
  return { ...world, queries }
}

test('a list without a limit leaves nobody out, however many pages there are', async () => {
  const { call, queries } = await aWorldOfPages()
  const answer = await call('grants.list', { include: 'ended' })
  const ids = (answer as { value: { items: { id: string }[] } }).value.items.map(({ id }) => id)
  expect(ids).toEqual([0, 1, 2, 3, 4, 5].map(idOf))
  expect(answer).not.toHaveProperty('value.next_cursor')
  // What looks for grants that end soon asks without `include`.
  expect(queries.filter((query) => query.get('include') === 'ended')).toHaveLength(PAGES)
})

test('one with a limit is a page', async () => {
  const { call, queries } = await aWorldOfPages()
  expect(await call('grants.list', { limit: '2' })).toMatchObject({ ok: true, value: { next_cursor: idOf(1) } })
  expect(queries.filter((query) => query.get('limit') === '2')).toHaveLength(1)
})
