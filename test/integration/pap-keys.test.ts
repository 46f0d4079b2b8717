/**
 * API keys: a caller of named resource types, for asking only.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { whileLocked } from '../fixtures/locked-database.ts'
import { TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite()
const DAY_MS = 86_400_000

const inDays = (days: number) => new Date(suite.tpdp.now() + days * DAY_MS).toISOString()
const operator = () => suite.world.staff('operator')
const make = (more: Readonly<Record<string, unknown>> = {}, as = operator()) => {
  const body = { name: 'a gateway', types: ['workflow', 'workflow_item'], expires_at: inDays(30), ...more }
  return suite.world.call('POST', '/v1/keys', as, body)
}
const ask = (key: string, what: 'flight' | 'trip' = 'flight') => {
  const about = what === 'flight' ? ({ action: 'execute', item: what } as const) : { action: 'read' }
  const body = suite.world.question({ subject: 'A', ...about })
  return suite.tpdp.call('POST', '/access/v1/evaluation', { as: key, body })
}
const remove = (id: string) => suite.world.call('DELETE', `/v1/keys/${id}`, operator())

describe('API keys', () => {
  test('a key asks about its types, and is told why as their service is', async () => {
    const { status, body } = await make()
    expect(status).toBe(201)
    expect(body.key).toMatch(/^mk_[0-9A-Z]{26}_[\w-]{43}$/)
    const permit = await ask(body.key)
    expect([permit.status, permit.body.decision]).toEqual([200, true])
    const entry = await suite.world.call('GET', `/v1/decisions/${permit.headers.get('x-evaluation-id')}`, AUDITOR)
    expect(entry.body.caller).toBe(`service:mk_${body.id}`)
    const search = await suite.tpdp.call('POST', '/access/v1/search/action', {
      as: body.key,
      body: { ...suite.world.question({ subject: 'A', action: 'read' }), action: undefined },
    })
    expect(search.status).toBe(200)
  })

  test('about no other type', async () => {
    const { body } = await make({ types: ['workflow'] })
    expect((await ask(body.key)).status).toBe(403)
    expect((await ask(body.key, 'trip')).status).toBe(200)
  })

  test('it does nothing else: no administration, no log, not even of its own types', async () => {
    const { world, tpdp } = suite
    const { body } = await make()
    const owner = { owner: world.ref('A'), owner_persona: 'traveler/family' }
    for (const [method, path, sent] of [
      ['PUT', '/v1/resources/workflow/another', owner],
      ['GET', `/v1/resources/workflow/${world.named.get('T')}`],
      ['GET', '/v1/grants'],
      ['POST', '/v1/grants', {}],
      ['GET', '/v1/personas'],
      ['GET', '/v1/agents'],
      ['GET', '/v1/keys'],
      ['POST', '/v1/keys', {}],
      ['GET', '/v1/decisions'],
      ['GET', '/log/checkpoint'],
    ] as const) {
      const answer = await tpdp.call(method, path, { as: body.key, ...(sent ? { body: sent } : {}) })
      expect([answer.status, answer.body.code], `${method} ${path}`).toEqual([403, 'forbidden'])
    }
  })

  test('it is dead at its expiry, and at once when it is revoked', async () => {
    const [one, two] = [(await make({ expires_at: inDays(1) })).body, (await make()).body]
    expect((await ask(two.key)).status).toBe(200)
    expect((await remove(two.id)).status).toBe(204)
    expect((await ask(two.key)).status).toBe(401)
    expect((await remove(two.id)).status).toBe(204)
    suite.tpdp.advance(DAY_MS - 1)
    expect((await ask(one.key)).status).toBe(200)
    suite.tpdp.advance(1)
    expect((await ask(one.key)).status).toBe(401)
    const { body } = await suite.world.call('GET', `/v1/decisions?kind=key_changed&limit=3`, AUDITOR)
    expect(body.entries.map((entry: { readonly change: { readonly status: string } }) => entry.change.status)).toEqual([
      'revoked',
      'created',
      'created',
    ])
  })

  test('it is dead at once also where a database of its own cannot be written, and recorded when it can', async () => {
    const { body } = await make()
    expect((await ask(body.key)).status).toBe(200)
    // Where PDPs share a database the others would not know: the revocation is refused as a whole.
    const isShared = suite.tpdp.config.PDP_STORE_URL !== undefined
    await whileLocked(suite.tpdp, async () => {
      expect((await remove(body.id)).status).toBeGreaterThanOrEqual(500)
      expect((await ask(body.key)).status).toBe(isShared ? 200 : 401)
    })
    if (isShared) expect((await remove(body.id)).status).toBe(204)
    const status = async () => {
      const { body: page } = await suite.world.call('GET', '/v1/decisions?kind=key_changed&limit=1', AUDITOR)
      return page.entries[0].change.status
    }
    await expect.poll(status).toBe('revoked')
    await suite.tpdp.restart()
    expect((await ask(body.key)).status).toBe(401)
  })

  test('a key with one character changed is none', async () => {
    const { body } = await make()
    const last = body.key.at(-2) === 'A' ? 'B' : 'A'
    const forged = `${body.key.slice(0, -2)}${last}${body.key.at(-1)}`
    for (const key of [forged, body.key.slice(0, -1), `${body.key}A`, 'mk_', `mk_${body.id}_`]) {
      const answer = await ask(key)
      expect(answer.status, key).toBe(401)
      expect(answer.headers.get('www-authenticate')).toContain('Bearer')
    }
  })

  test('it is shown once, and its like is in no file', async () => {
    const { body } = await make()
    await ask(body.key)
    const { text } = await suite.world.call('GET', '/v1/keys', operator())
    expect(text).toContain('a gateway')
    const secret = body.key.slice(-43)
    expect(text).not.toContain(secret)
    expect(suite.tpdp.operations.join('')).not.toContain(secret)
    for (const name of readdirSync(suite.tpdp.dataDir, { recursive: true, encoding: 'utf8' })) {
      const path = join(suite.tpdp.dataDir, name)
      if (/\.db|log\//.test(name) && !/(tile|log)$/.test(name)) expect(readIfFile(path), name).not.toContain(secret)
    }
  })

  test('operators alone make, see and revoke them', async () => {
    const { world } = suite
    const { body } = await make()
    for (const as of [world.as('A'), world.as('X'), TRIPS, AUDITOR, world.staff('persona-admin')]) {
      expect((await make({}, as)).status).toBe(403)
      expect((await world.call('GET', '/v1/keys', as)).status).toBe(403)
      expect((await world.call('DELETE', `/v1/keys/${body.id}`, as)).status).toBe(403)
    }
    expect((await ask(body.key)).status).toBe(200)
  })

  test.for([
    ['a type that no domain has', () => ({ types: ['invoice'] })],
    ['no types', () => ({ types: [] })],
    ['an end that has passed', () => ({ expires_at: inDays(0) })],
    ['an end that is too far', () => ({ expires_at: inDays(367) })],
    ['no end', () => ({ expires_at: undefined })],
  ] as const)('refuses %s', async ([, more]) => {
    const answer = await make(more())
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
  })
})

function readIfFile(path: string): string {
  try {
    return readFileSync(path).toString('latin1')
  } catch {
    return ''
  }
}
