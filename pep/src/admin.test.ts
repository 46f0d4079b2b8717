import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPdpAdmin, type PdpAdmin } from './admin.ts'
import { sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from './testing.ts'

let issuer: TestIssuer
let pdp: TestPdp
let admin: PdpAdmin
beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())
beforeEach(async () => {
  pdp = await startTestPdp()
  const credentials = { clientId: 'notes', clientSecret: 'secret' }
  admin = createPdpAdmin({ issuer: issuer.issuer, pdpUrl: pdp.url, credentials })
})
afterEach(async () => {
  await admin.close()
  await pdp.close()
})

const answers = (status: number, body: object = {}) => pdp.answerWith((_asked, res) => sendJson(res, status, body))
const unknown = { code: 'decision_unavailable' }
const to = { owner: 'user:mia', owner_persona: 'author/club' }
const notice = {
  id: '01K00000000000000000000000',
  issuer: 'https://id.example/realms/mandate',
  sub: 'carlo',
  erased_at: '2026-11-22T08:00:00Z',
}

test('a resource is given to somebody else under its own address, however odd its id', async () => {
  answers(200)
  expect(await admin.transfer('note', 'a/../b?c', to)).toBe('done')
  expect(pdp.asked).toMatchObject([{ method: 'POST', path: '/v1/resources/note/a%2F..%2Fb%3Fc/transfer', body: to }])
})

test.for([400, 404, 409, 422])('%i is the PDP’s last word on a transfer', async (status) => {
  answers(status)
  expect(await admin.transfer('note', 'n1', to)).toBe('refused')
})

test.for([401, 403, 429, 500, 503])('%i says nothing of a transfer', async (status) => {
  answers(status)
  await expect(admin.transfer('note', 'n1', to)).rejects.toMatchObject(unknown)
})

test('who is to have it is named as the PDP names people', async () => {
  await expect(admin.transfer('note', 'n1', { owner: 'mia' })).rejects.toThrow(/transfer:[\s\S]*owner/u)
  expect(pdp.asked).toEqual([])
})

test('what the PDP objects to is told with its code, its words and the member, in the error and in its message', async () => {
  const detail = 'owner_persona: the owner holds no such persona in notes.'
  answers(422, { code: 'persona_invalid', detail, field: 'owner_persona', type: 'urn:x', title: 'x', status: 422 })
  await expect(admin.register({ type: 'note', id: 'n1', owner: 'user:mia' })).rejects.toMatchObject({
    code: 'persona_invalid',
    detail,
    members: { field: 'owner_persona' },
    message: `register: the PDP answered 422 persona_invalid ${detail}`,
  })
})

test.for([
  [400, 'invalid_request'],
  [404, 'not_found'],
  [409, 'conflict'],
  [422, 'invalid_request'],
] as const)('a refusal of a PDP with codes of its own, %i, is %s', async ([status, code]) => {
  answers(status, { code: 'anything', detail: 'Too bad.' })
  await expect(admin.register({ type: 'note', id: 'n1', owner: 'user:mia' })).rejects.toMatchObject({
    code,
    detail: 'Too bad.',
  })
})

test('a PDP that does not know this service says so in the message', async () => {
  answers(403, { code: 'forbidden', detail: 'notes may not register a note.' })
  await expect(admin.register({ type: 'note', id: 'n1', owner: 'user:mia' })).rejects.toMatchObject({
    ...unknown,
    message: 'register: the PDP answered 403 forbidden notes may not register a note.',
  })
})

test('whom to forget is pulled and acknowledged, with the service’s own token', async () => {
  answers(200, { items: [notice] })
  expect(await admin.erasures()).toEqual([notice])
  await admin.acknowledge(notice.id)
  expect(pdp.asked).toMatchObject([
    { method: 'GET', path: '/v1/erasures', headers: { authorization: expect.stringMatching(/^Bearer /u) } },
    { method: 'POST', path: `/v1/erasures/${notice.id}/acknowledge` },
  ])
})

test('a notice that is gone was acknowledged; one that is not taken stays', async () => {
  answers(404)
  await admin.acknowledge(notice.id)
  answers(503)
  await expect(admin.acknowledge(notice.id)).rejects.toMatchObject(unknown)
})

test.for<readonly [string, number, object]>([
  ['is refused', 403, { items: [] }],
  ['has no list', 200, {}],
  ['names nobody', 200, { items: [{ id: notice.id }] }],
])('nobody is forgotten by a feed that %s', async ([, status, body]) => {
  answers(status, body)
  await expect(admin.erasures()).rejects.toMatchObject(unknown)
})
