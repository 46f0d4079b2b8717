/**
 * Invitations (rule C7): once, for a day, and nothing starts before the inviter has seen who came.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite()
const DAY_MS = 86_400_000
const READ = { action: 'read', item: 'flight' } as const

const post = (path: string, as: string, body: unknown = {}) =>
  suite.world.call('POST', `/v1/invitations${path}`, suite.world.as(as), body)
const terms = () => ({ delegator_persona: 'traveler/family', scope: suite.world.scope('T') })
const invite = async (grant: unknown = terms(), as = 'A') => (await post('', as, grant ? { grant } : {})).body
const redeem = (code: string, as = 'B') => post('/redeem', as, { code })
const confirm = (id: string, who = 'B', as = 'A') => post(`/${id}/confirm`, as, { redeemer: suite.world.ref(who) })
const list = async (as: string) => (await suite.world.call('GET', '/v1/invitations', suite.world.as(as))).body.items

/** On PostgreSQL wrong codes are counted by the clock of the database, which a test cannot advance. */
async function ageWrongCodes(ms: number): Promise<void> {
  const { PDP_STORE_URL: url } = suite.tpdp.config
  if (url === undefined) return
  const database = await openPostgres(url)
  await database.changeAlone('UPDATE wrong_codes SET at = at - $1', ms)
  await database.close()
}

describe('C7: invitations', () => {
  test('a grant starts when the inviter confirms, and may read when it says nothing', async () => {
    const { world } = suite
    const { id, code, status, grant } = await invite()
    expect({ status, actions: grant.actions }).toEqual({ status: 'open', actions: ['read'] })
    expect(Buffer.from(code.slice(3), 'base64url')).toHaveLength(24)
    expect((await redeem(code)).body).toMatchObject({ status: 'redeemed', inviter: world.ref('A') })
    expect(await suite.codes({ subject: 'B', ...READ })).toEqual(['no_grant'])
    const confirmed = await confirm(id)
    expect(confirmed.body).toMatchObject({ status: 'confirmed', redeemer: world.ref('B') })
    expect(await suite.codes({ subject: 'B', ...READ })).toEqual(['delegated'])
    const again = await confirm(id)
    expect([again.status, again.body.grant_id]).toEqual([200, confirmed.body.grant_id])
  })

  test('each side learns the other`s id and no more', async () => {
    const { world } = suite
    const { id, code } = await invite()
    const { body } = await redeem(code)
    expect(Object.keys(body).sort()).toEqual(['created_at', 'expires_at', 'id', 'inviter', 'redeemer', 'status'])
    expect(await list('B')).toEqual([body])
    expect(await list('A')).toMatchObject([{ id, redeemer: world.ref('B'), grant: { scope: world.scope('T') } }])
    expect((await list('A'))[0].code).toBeUndefined()
    expect(await list('S')).toEqual([])
  })

  test('is good once, whoever is quick', async () => {
    const { code } = await invite()
    const answers = await Promise.all(['B', 'C', 'S', 'D'].map((name) => redeem(code, name)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404])
    const late = await redeem(code, 'M')
    expect([late.status, late.body.code]).toEqual([404, 'invitation_unknown'])
  })

  test('is good for a day, and so is its confirmation', async () => {
    const [one, two] = [await invite(), await invite()]
    suite.tpdp.advance(DAY_MS - 1)
    expect((await redeem(one.code)).status).toBe(200)
    suite.tpdp.advance(1)
    expect((await redeem(two.code)).status).toBe(404)
    expect((await confirm(one.id)).status).toBe(200)
    const three = await invite(null)
    await redeem(three.code)
    suite.tpdp.advance(DAY_MS)
    expect((await confirm(three.id)).body).toMatchObject({ code: 'conflict' })
    expect((await list('A')).map(({ status }: { readonly status: string }) => status)).toEqual([
      'expired',
      'expired',
      'confirmed',
    ])
  })

  test('nobody but the inviter confirms, and only who came', async () => {
    const { id, code } = await invite()
    expect((await confirm(id)).status).toBe(409)
    await redeem(code)
    expect((await confirm(id, 'C')).status).toBe(409)
    expect((await confirm(id, 'B', 'B')).status).toBe(404)
    expect((await confirm(id, 'B', 'S')).status).toBe(404)
    expect(await suite.codes({ subject: 'B', ...READ })).toEqual(['no_grant'])
  })

  test('is withdrawn by either side until it is confirmed', async () => {
    const { world } = suite
    const remove = async (id: string, as: string) =>
      (await world.call('DELETE', `/v1/invitations/${id}`, world.as(as))).status
    const [one, two] = [await invite(), await invite()]
    expect(await remove(one.id, 'S')).toBe(404)
    expect(await remove(one.id, 'A')).toBe(204)
    expect(await remove(one.id, 'A')).toBe(204)
    expect((await redeem(one.code)).status).toBe(404)
    await redeem(two.code)
    expect(await remove(two.id, 'B')).toBe(204)
    expect((await confirm(two.id)).status).toBe(409)
  })

  test('nobody redeems their own, and an agent or a service none', async () => {
    const { world } = suite
    const { code } = await invite()
    expect((await redeem(code, 'A')).status).toBe(409)
    const brought = { sub: world.id('B'), azp: world.id('X') }
    const answer = await world.call('POST', '/v1/invitations/redeem', brought, { code })
    expect([answer.status, answer.body.code]).toEqual([403, 'in_person_only'])
    expect((await redeem(code)).status).toBe(200)
  })

  test('what could be given to nobody is refused at once', async () => {
    const other = { ...terms(), scope: 'workflow:of-somebody-else' }
    expect((await post('', 'A', { grant: other })).body.code).toBe('not_owner')
    expect((await post('', 'B', { grant: { ...terms(), delegator_persona: 'travel-agent/acme' } })).body.code).toBe(
      'not_owner',
    )
    expect((await post('', 'A', { grant: { ...terms(), unattended: true } })).body).toMatchObject({
      field: 'unattended',
    })
    expect((await post('', 'A', { grant: { ...terms(), delegate: 'user:x' } })).status).toBe(400)
  })

  test('at most twenty are open a person', async () => {
    const answers = await Promise.all(Array.from({ length: 22 }, () => post('', 'A', {})))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(2)
  })

  test('after ten wrong codes a caller waits a minute, with the right code too; nobody else does', async () => {
    const { code } = await invite(null)
    for (let index = 0; index < 10; index += 1) expect((await redeem(`mi_${index}`)).status).toBe(404)
    const blocked = await redeem(code)
    expect([blocked.status, blocked.body.code, blocked.headers.get('retry-after')]).toEqual([
      429,
      'too_many_requests',
      '1',
    ])
    const { code: another } = await invite(null)
    expect((await redeem(another, 'C')).status).toBe(200)
    suite.tpdp.advance(60_000)
    await ageWrongCodes(60_000)
    expect((await redeem(code)).status).toBe(200)
  })

  test('a code stands in no address, no file and no entry', async () => {
    const { code } = await invite()
    const answer = await post(`/redeem?code=${code}`, 'B', { code })
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
    await redeem(code)
    const { text } = await suite.world.call('GET', '/v1/decisions?limit=100', AUDITOR)
    expect(text).not.toContain(code)
    expect(suite.tpdp.operations.join('')).not.toContain(code)
    for (const name of readdirSync(suite.tpdp.dataDir).filter((file) => /\.db/.test(file)))
      expect(readFileSync(join(suite.tpdp.dataDir, name)).toString('latin1')).not.toContain(code)
  })

  test('both sides find it in the log', async () => {
    const { world } = suite
    const { id, code } = await invite()
    await redeem(code)
    await confirm(id)
    for (const name of ['A', 'B']) {
      const { body } = await world.call('GET', '/v1/decisions?kind=invitation_changed', world.as(name))
      const statuses = body.entries.map(
        (entry: { readonly change: { readonly status: string } }) => entry.change.status,
      )
      expect(statuses).toEqual(name === 'A' ? ['confirmed', 'redeemed', 'open'] : ['confirmed', 'redeemed'])
    }
  })
})
