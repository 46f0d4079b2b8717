/**
 * Facts of domains whose own model decides: who may store them, what is refused by name, and what becomes of them.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { packFolder } from '../fixtures/packs.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'

const RECORDS: TokenClaims = { sub: 'service-account-records', azp: 'records', svc: 'records' }
const OTHER: TokenClaims = { sub: 'service-account-trips', azp: 'trips', svc: 'trips' }
const AUDITOR: TokenClaims = { sub: 'staff-auditor', azp: 'auditor', roles: ['auditor'] }
const OPERATOR: TokenClaims = { sub: 'staff-operator', azp: 'desktop', roles: ['operator'] }
const SHIPPED = new URL('../../pdp/policies/', import.meta.url).pathname

let tpdp: TestPdp
beforeAll(async () => {
  tpdp = await startTestPdp({
    openFga: inject('openFga'),
    env: {
      PDP_PACKS: [packFolder('certification'), `${SHIPPED}travel`].join(','),
      PDP_SERVICES: 'records=record,trips=workflow+workflow_item+travel_account',
    },
  })
})
afterAll(() => tpdp?.stop())

const user = (id: string) => ({ type: 'user', id })
const record = (id: string) => ({ type: 'record', id })
const reads = (id: string, of: string) => ({ subject: user(id), relation: 'reader', resource: record(of) })
const change = (body: object, as: TokenClaims | string = RECORDS) =>
  tpdp.call('POST', '/v1/facts', { as, body: { domain: 'certification', ...body } })
const ask = async (
  subject: object,
  name: string,
  resource: object,
  more: Readonly<Record<string, unknown>> = {},
): Promise<readonly [boolean, readonly string[]]> => {
  const body = { subject, action: { name }, resource, ...more }
  const { body: answer } = await tpdp.call('POST', '/access/v1/evaluation', { as: RECORDS, body })
  return [answer.decision, answer.context.reasons.map(({ code }: { readonly code: string }) => code)]
}

test('attributes and relations that change together are seen together', async () => {
  const torn = record('torn')
  const writer = { subject: user('tom'), relation: 'writer', resource: torn, condition: { name: 'on_active' } }
  const status = (value: string) => ({ resource: torn, attributes: { status: value } })
  await change({ write: [status('active')] })
  const seen = new Set<boolean>()
  let changing = true
  const poll = async (): Promise<void> => {
    while (changing) seen.add((await ask(user('tom'), 'write', torn))[0])
  }
  const polls = [poll(), poll(), poll()]
  for (let round = 0; round < 30; round += 1) {
    expect((await change({ write: [status('archived'), writer] })).status).toBe(200)
    expect((await change({ write: [status('active')], remove: [writer] })).status).toBe(200)
  }
  changing = false
  await Promise.all(polls)
  // He may write what is active, and never was both.
  expect([...seen]).toEqual([false])
})

describe('what is stored decides from the next question on', () => {
  test('a relation, until it is removed; again is no change', async () => {
    expect(await ask(user('ann'), 'read', record('r1'))).toEqual([false, ['not_related']])
    expect((await change({ write: [reads('ann', 'r1')] })).body).toEqual({ written: 1, removed: 0 })
    expect((await change({ write: [reads('ann', 'r1')] })).body).toEqual({ written: 0, removed: 0 })
    expect(await ask(user('ann'), 'read', record('r1'))).toEqual([true, ['related']])
    expect((await change({ remove: [reads('ann', 'r1')] })).status).toBe(200)
    expect(await ask(user('ann'), 'read', record('r1'))).toEqual([false, ['not_related']])
    expect((await change({ remove: [reads('ann', 'r1')] })).status).toBe(200)
  })

  test('attributes, replaced whole, and overruled by what the question says', async () => {
    const writer = { ...reads('wim', 'r2'), relation: 'writer', condition: { name: 'on_active' } }
    const status = (value: string) => ({ resource: record('r2'), attributes: { status: value } })
    await change({ write: [writer, status('active')] })
    expect(await ask(user('wim'), 'write', record('r2'))).toEqual([true, ['related']])
    await change({ write: [status('archived')] })
    expect(await ask(user('wim'), 'write', record('r2'))).toEqual([false, ['not_related']])
    const sent = (value: unknown) => ({ ...record('r2'), properties: { status: value } })
    expect(await ask(user('wim'), 'write', sent('active'))).toEqual([true, ['related']])
    await change({ write: [{ resource: record('r2'), attributes: {} }] })
    expect(await ask(user('wim'), 'write', record('r2'))).toEqual([false, ['attribute_invalid']])
  })

  test('what is sent and is not of its type is not made up for from what is stored', async () => {
    const writer = { ...reads('wim', 'r3'), relation: 'writer', condition: { name: 'on_active' } }
    await change({ write: [writer, { resource: record('r3'), attributes: { status: 'active' } }] })
    expect(await ask(user('wim'), 'write', record('r3'))).toEqual([true, ['related']])
    for (const status of [5, null, ['active'], { is: 'active' }])
      expect(await ask(user('wim'), 'write', { ...record('r3'), properties: { status } })).toEqual([
        false,
        ['attribute_invalid'],
      ])
  })

  test('an agent is never related for somebody else, and for itself only while it is active', async () => {
    await tpdp.call('POST', '/v1/agents', { as: OPERATOR, body: { id: 'bot' } })
    await change({ write: [reads('ann', 'r4')] })
    const behalf = { ...user('ann'), properties: { act: { sub: 'bot' } } }
    expect(await ask(behalf, 'read', record('r4'))).toEqual([false, ['not_on_behalf']])
    const stranger = { ...user('ann'), properties: { act: { sub: 'nobot' } } }
    expect(await ask(stranger, 'read', record('r4'))).toEqual([false, ['agent_unknown']])
    expect(await ask({ type: 'agent', id: 'bot' }, 'read', record('r4'))).toEqual([false, ['not_related']])
    await tpdp.call('PATCH', '/v1/agents/bot', { as: OPERATOR, body: { status: 'suspended' } })
    expect((await ask({ type: 'agent', id: 'bot' }, 'read', record('r4')))[1]).toContain('agent_suspended')
  })
})

describe('A5: ids of any form in facts', () => {
  const ODD = ['did:web:x.example#1', 'https://x.example/a?b=c', 'arn:aws:s3:::b/*', 'a b', '*', 'x#reader', 'r:1']
  test.for(ODD)('a record called %s is related to whom it says, and found; another is not', async (id) => {
    const who = `who of ${id}`
    await change({ write: [reads(who, id)] })
    expect(await ask(user(who), 'read', record(id))).toEqual([true, ['related']])
    expect(await ask(user('ann'), 'read', record(id))).toEqual([false, ['not_related']])
    for (const other of ODD) if (other !== id) expect((await ask(user(who), 'read', record(other)))[0]).toBe(false)
    const question = { subject: user(who), action: { name: 'read' }, resource: record(id) }
    const search = async (searched: 'subject' | 'resource') => {
      const body = { ...question, [searched]: { type: searched === 'subject' ? 'user' : 'record' } }
      return (await tpdp.call('POST', `/access/v1/search/${searched}`, { as: RECORDS, body })).body.results
    }
    expect(await search('resource')).toEqual([record(id)])
    expect(await search('subject')).toEqual([user(who)])
    await change({ remove: [reads(who, id)] })
    expect(await ask(user(who), 'read', record(id))).toEqual([false, ['not_related']])
  })

  test('a search finds them all at every size of page, in one order', async () => {
    const ids = ['a', '\u{ffff}', '\u{e000}x', '\u{10000}', '🧳', 'é', 'did:x', '\u{10ffff}', '\u{fffd}', 'Z']
    await change({ write: ids.map((id) => reads('pam', id)) })
    const question = { subject: user('pam'), action: { name: 'read' }, resource: { type: 'record' } }
    const pages: string[][] = []
    for (let limit = 1; limit <= ids.length; limit += 1) {
      const found: string[] = []
      let token = ''
      do {
        const body = { ...question, page: { limit, token } }
        const answer = await tpdp.call('POST', '/access/v1/search/resource', { as: RECORDS, body })
        found.push(...answer.body.results.map(({ id }: { readonly id: string }) => id))
        token = answer.body.page.next_token
      } while (token !== '')
      pages.push(found)
    }
    const sorted = ids.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
    expect(pages).toEqual(pages.map(() => sorted))
  })

  test('`*` is everybody in the subject of a relation, and somebody wherever else it stands', async () => {
    const archived = { resource: record('r11'), attributes: { status: 'archived' } }
    const everybody = { ...reads('*', 'r11'), relation: 'archivist', condition: { name: 'admin_on_archived' } }
    await change({ write: [archived, everybody, { subject: user('*'), attributes: { role: 'admin' } }] })
    expect(await ask(user('ann'), 'write', record('r11'))).toEqual([false, ['not_related']])
    expect(await ask(user('*'), 'write', record('r11'))).toEqual([true, ['related']])
    await change({ write: [{ subject: user('ann'), attributes: { role: 'admin' } }] })
    expect(await ask(user('ann'), 'write', record('r11'))).toEqual([true, ['related']])
    await change({ remove: [everybody] })
    expect(await ask(user('*'), 'write', record('r11'))).toEqual([false, ['not_related']])
  })
})

describe('who may store facts (least privilege)', () => {
  const body = { write: [reads('ann', 'r9')] }
  test.for([
    ['the service of another domain', OTHER, 403],
    ['a person', { sub: 'ann', azp: 'desktop' }, 403],
    ['an operator', OPERATOR, 403],
    ['nobody', undefined, 401],
  ] as const)('%s may not', async ([, as, status]) => {
    const answer = await tpdp.call('POST', '/v1/facts', {
      ...(as ? { as } : {}),
      body: { domain: 'certification', ...body },
    })
    expect(answer.status).toBe(status)
    expect(await ask(user('ann'), 'read', record('r9'))).toEqual([false, ['not_related']])
  })
  test('an API key may not: it only asks', async () => {
    const key = await tpdp.pdp.operator.createKey({
      name: 'k',
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    })
    expect((await change(body, key)).status).toBe(403)
  })
})

describe('what does not fit the model is refused by name, and nothing of the request is done', () => {
  const fact = reads('ann', 'r8')
  test.for([
    ['a relation nobody declared', { ...fact, relation: 'boss' }, /write\.1\.relation/],
    ['a relation that only follows from others', { ...fact, relation: 'can_read' }, /write\.1\.subject/],
    ['a subject of another type', { ...fact, subject: { type: 'record', id: 'x' } }, /write\.1\.subject/],
    ['everybody, where the model names people', { ...fact, subject: user('*') }, /write\.1\.subject/],
    ['a condition it does not have there', { ...fact, condition: { name: 'on_active' } }, /write\.1\.subject/],
    ['a condition nobody declared', { ...fact, condition: { name: 'fair' } }, /write\.1\.condition\.name/],
    ["the core's own condition", { ...fact, condition: { name: 'link' } }, /write\.1\.condition\.name/],
    [
      "the core's own types",
      { ...fact, resource: { type: 'grant', id: '1' }, relation: 'root' },
      /write\.1\.resource\.type/,
    ],
    [
      'a parameter of another type',
      { ...fact, relation: 'writer', condition: { name: 'on_active', context: { resource_status: 5 } } },
      /write\.1\.condition\.context\.resource_status/,
    ],
    [
      'a text with a control character, which the store refuses',
      { ...fact, relation: 'writer', condition: { name: 'on_active', context: { resource_status: 'act\nive' } } },
      /write\.1\.condition\.context\.resource_status: must be a text of well-formed/,
    ],
    ['an attribute nobody declared', { resource: record('r8'), attributes: { colour: 'red' } }, /attributes\.colour/],
    ['the same fact twice', reads('bea', 'r8'), /stands twice/],
    ['an id with a control character', { ...fact, resource: record('a\u0000b') }, /write/],
    [
      'an attribute __proto__',
      { resource: record('r8'), attributes: JSON.parse('{"__proto__":{"status":"active"}}') },
      /__proto__/,
    ],
    [
      'a parameter __proto__',
      { ...fact, relation: 'writer', condition: { name: 'on_active', context: JSON.parse('{"__proto__":1}') } },
      /__proto__/,
    ],
    [
      'an attribute constructor',
      { resource: record('r8'), attributes: { constructor: 'x' } },
      /attributes\.constructor/,
    ],
    [
      'a parameter toString',
      { ...fact, relation: 'writer', condition: { name: 'on_active', context: { toString: 'x' } } },
      /context\.toString/,
    ],
    ['neither fact nor attributes', { subject: user('ann') }, /write/],
  ] as const)('%s', async ([, bad, said]) => {
    const { status, body } = await change({ write: [reads('bea', 'r8'), bad] })
    expect(status).toBe(400)
    expect(body.detail).toMatch(said)
    expect(await ask(user('bea'), 'read', record('r8'))).toEqual([false, ['not_related']])
  })
  test('another type of another domain is not this service’s', async () => {
    const bad = { subject: user('ann'), relation: 'owner', resource: { type: 'workflow', id: 'w' } }
    expect((await change({ write: [bad] })).status).toBe(400)
  })
  test('more than 40 at once', async () => {
    const write = Array.from({ length: 41 }, (_, index) => reads('ann', `n${index}`))
    expect((await change({ write })).status).toBe(400)
  })
})

test('a change stands in the log by pseudonym, without a word of the service’s', async () => {
  await change({
    write: [reads('secret-sub', 'r7'), { subject: user('secret-sub'), attributes: { role: 'secret-role' } }],
  })
  const { body, text } = await tpdp.call('GET', '/v1/decisions?kind=facts_changed&limit=1', { as: AUDITOR })
  expect(body.entries[0].change.write[0]).toMatch(/^user:p_\S+ reader record:~/)
  expect(body.entries[0].change.write[1]).toMatch(/^user:p_\S+ role$/)
  expect(text).not.toContain('secret')
})

test('whoever is erased is in no relation any more (rule E4)', async () => {
  await change({ write: [reads('gone', 'r6'), { subject: user('gone'), attributes: { role: 'admin' } }] })
  expect(await ask(user('gone'), 'read', record('r6'))).toEqual([true, ['related']])
  const as = { sub: 'gone', azp: 'desktop' }
  const exported = await tpdp.call('GET', '/v1/subjects/me/export', { as })
  expect(exported.body.facts).toEqual([
    { domain: 'certification', attributes: { role: 'admin' } },
    { domain: 'certification', subject: 'user:gone', relation: 'reader', resource: 'record:r6' },
  ])
  expect((await tpdp.call('DELETE', '/v1/subjects/me', { as })).status).toBeLessThan(300)
  const { body } = await tpdp.call('POST', '/access/v1/search/subject', {
    as: RECORDS,
    body: { subject: { type: 'user' }, action: { name: 'read' }, resource: record('r6') },
  })
  expect(body.results).toEqual([])
})
