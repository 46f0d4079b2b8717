/**
 * Reading the decision log over HTTP (rule L8): what comes is what the log holds, to whom it belongs, and reading is read of.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leafBytes, parseVerifierKey, verifyLogProof } from '@mandate/protocol'
import { describe, expect, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const sha256 = async (data: Uint8Array): Promise<Uint8Array> => createHash('sha256').update(data).digest()

/** Decides something, and hands back the entry's path. */
async function aDecision(): Promise<string> {
  const { headers } = await suite.world.ask({ subject: 'A', action: 'read' })
  return `/v1/decisions/${headers.get('x-evaluation-id')}`
}
const reads = async (): Promise<readonly Record<string, unknown>[]> =>
  (await suite.tpdp.call('GET', '/v1/decisions?kind=log_read', { as: AUDITOR })).body.entries

describe('a proof', () => {
  test('of a decision that was just made is a tlog-proof that holds with the pinned key', async () => {
    const path = await aDecision()
    const { body: entry } = await suite.world.call('GET', path, suite.world.as('A'))
    const { status, headers, text } = await suite.world.call('GET', `${path}/proof`, suite.world.as('A'))
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
    const keys = [await parseVerifierKey(readFileSync(join(suite.tpdp.dataDir, 'log.vkey'), 'utf8'))]
    const verdict = await verifyLogProof(sha256, { proof: text, entry: leafBytes(entry), keys })
    expect(verdict).toMatchObject({ ok: true, index: entry.index })
    const altered = leafBytes({ ...entry, decision: !entry.decision })
    expect((await verifyLogProof(sha256, { proof: text, entry: altered, keys })).ok).toBe(false)
  })

  test('leaves an entry that says what was proven, and to whom', async () => {
    const path = await aDecision()
    await suite.tpdp.call('GET', `${path}/proof`, { as: AUDITOR })
    expect((await reads()).at(0)).toMatchObject({ target: path.split('/').at(-1), change: { as: 'proof' } })
  })

  test('of nothing, and of what is somebody else’s, is 404 alike', async () => {
    const { world } = suite
    const theirs = await world.call('GET', `${await aDecision()}/proof`, world.as('B'))
    const nothing = await world.call('GET', '/v1/decisions/01KAQWERTY0123456789ABCDEF/proof', world.as('B'))
    expect([theirs.status, theirs.body.detail]).toEqual([nothing.status, nothing.body.detail])
    expect(theirs.status).toBe(404)
  })
})

test.for([
  ['/v1/decisions', 'cursor'],
  ['/v1/grants', 'cursor'],
] as const)(
  'a cursor of %s is good for the same caller and filters alone, and shows nothing',
  async ([path, member]) => {
    const { world } = suite
    await world.trip('paged', 'A', 'traveler/family')
    for (const to of ['B', 'C', 'D']) await suite.give({ from: 'A', to, on: 'paged', actions: ['read'] })
    const get = (query: string, name = 'A') => world.call('GET', `${path}?${query}`, world.as(name))
    const all = (await get('limit=3')).body
    const first = (await get('limit=1')).body
    const token: string = first.next_cursor
    const rest = (await get(`limit=2&${member}=${token}`)).body
    const idsOf = ({ items, entries }: Record<string, { readonly id: string }[] | undefined>) =>
      (items ?? entries ?? []).map(({ id }) => id)
    // Reading the log leaves entries in front of these: only the second page's own place counts.
    if (path === '/v1/grants') expect([...idsOf(first), ...idsOf(rest)]).toEqual(idsOf(all))
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain(idsOf(first)[0])
    for (const refused of [
      await get(`${member}=${token}`, 'B'),
      await get(`${path === '/v1/grants' ? 'include=ended' : 'action=read'}&${member}=${token}`),
      await get(`${member}=${idsOf(first)[0]}`),
    ])
      expect(refused).toMatchObject({
        status: 400,
        body: { detail: expect.stringMatching(/^cursor: .*another caller/u) },
      })
  },
)

describe('a replay', () => {
  const replay = (path: string, as: TokenClaims = AUDITOR) => suite.tpdp.call('GET', `${path}/replay`, { as })

  test('of what would be answered alike says so', async () => {
    const { status, body } = await replay(await aDecision())
    expect([status, body.differs]).toEqual([200, []])
    expect(body.now).toMatchObject({ decision: true, reasons: [{ code: 'owner' }], chain: [] })
    expect(body.then).toMatchObject({ decision: true, policy: body.now.policy, model: body.now.model })
  })

  test('says what a revocation has turned', async () => {
    const { world } = suite
    const grant = await suite.give({ from: 'A', to: 'B', actions: ['read'], name: 'once' })
    const { body: asked } = await world.ask({ subject: 'B', action: 'read' })
    await world.revoke('once', 'A')
    const { body } = await replay(`/v1/decisions/${asked.context.evaluation_id}`)
    expect(body.differs).toEqual(['decision', 'reasons', 'chain'])
    expect(body.then).toMatchObject({ decision: true, chain: [{ grant }] })
    expect(body.now).toMatchObject({ decision: false, reasons: [{ code: 'grant_revoked' }] })
  })

  test('of a decision about amounts and dates asks about the same amounts and dates', async () => {
    const { world } = suite
    await suite.give({ from: 'A', to: 'X', actions: ['execute'], unattended: true })
    const ask = { subject: 'A', actor: 'X', action: 'execute', item: 'flight' } as const
    const { body: denied } = await world.ask({ ...ask, attributes: { risk: 9 } })
    const { body } = await replay(`/v1/decisions/${denied.context.evaluation_id}`)
    expect(body.differs).toEqual([])
    expect(body.now.reasons).toEqual(body.then.reasons)
  })

  test('is recorded as a reading, and decides nothing', async () => {
    const path = await aDecision()
    const decided = async () =>
      (await suite.tpdp.call('GET', '/v1/decisions?kind=evaluation', { as: AUDITOR })).body.total
    const before = await decided()
    await replay(path)
    expect(await decided()).toBe(before)
    const reading = (await reads()).find(({ target }) => target === path.split('/').at(-1))
    expect(reading).toMatchObject({ change: { as: 'replay' } })
  })

  test('is for whoever may ask the question: owners read what was asked of theirs and ask nothing for others', async () => {
    const { world } = suite
    await suite.give({ from: 'A', to: 'B', actions: ['read'] })
    const { headers } = await world.ask({ subject: 'B', action: 'read' })
    const path = `/v1/decisions/${headers.get('x-evaluation-id')}`
    expect((await replay(path, world.as('B'))).status).toBe(200)
    expect((await world.call('GET', path, world.as('A'))).status).toBe(200)
    expect((await replay(path, world.as('A'))).body.code).toBe('forbidden')
  })

  test('of what is no decision, or names what the log keeps only as a commitment, is a conflict', async () => {
    const { body } = await suite.tpdp.call('GET', '/v1/decisions?kind=persona_created&limit=1', { as: AUDITOR })
    expect((await replay(`/v1/decisions/${body.entries[0].id}`)).body.code).toBe('conflict')
    const { headers } = await suite.world.ask({ subject: 'A', action: 'read', trip: 'nobody-registered-this' })
    expect((await replay(`/v1/decisions/${headers.get('x-evaluation-id')}`)).body).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('commitment'),
    })
  })
})
