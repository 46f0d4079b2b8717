/**
 * A domain is a folder of data: what a real PDP serves of a pack that no code knows (`test/packs/lab-orders`) is all that the window and the
 * auditor's page need to show its limits, units and reasons.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { packFolders } from '@mandate/pdp'
import { type Domain, domainListSchema, type LoggedEntry } from '@mandate/protocol'
import { gateCodes, gatesOf, reasonText } from '@mandate/ui'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  autonomySentence,
  fieldsOf,
  limitGatesOf,
  readTyped,
  typedOf,
} from '../../desktop/renderer/src/screens/settings/limits.ts'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { packFolder } from '../fixtures/packs.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'

const SHIPPED = fileURLToPath(new URL('../../pdp/policies', import.meta.url))
/** What the played window and the renderer's unit tests read. Written anew by `vitest -u`. */
const SERVED = '../../desktop/renderer/dev/domains.json'
const LAB: TokenClaims = { sub: 'service-account-lab', azp: 'lab', svc: 'lab' }
const DORA: TokenClaims = { sub: 'dora', azp: 'desktop' }
const STAFF: TokenClaims = { sub: 'staff', azp: 'desktop', roles: ['operator', 'auditor'] }

let tpdp: TestPdp
let domains: readonly Domain[]
beforeAll(async () => {
  const packs = [...(await packFolders(SHIPPED)), packFolder('lab-orders')].join(',')
  const env = { PDP_PACKS: packs, PDP_SERVICES: 'lab=lab_order+lab_sample+lab_account' }
  tpdp = await startTestPdp({ openFga: inject('openFga'), env })
  const { body } = await tpdp.call('GET', '/v1/domains', { as: DORA })
  domains = domainListSchema.parse(body).items
})
afterAll(() => tpdp?.stop())

async function must(method: string, path: string, as: TokenClaims, body?: unknown) {
  const answer = await tpdp.call(method, path, { as, ...(body === undefined ? {} : { body }) })
  expect(answer.status, answer.text).toBeLessThan(300)
  return answer.body
}

test('what the window is tried with is what a PDP serves', async () => {
  const { items } = await must('GET', '/v1/domains', DORA)
  await expect(`${JSON.stringify({ items }, null, 2)}\n`).toMatchFileSnapshot(SERVED)
})

test('limits typed in the window are taken by the PDP, and a denial by them is told in the units and words of the pack', async () => {
  const lab = domains.find(({ domain }) => domain === 'lab')
  if (!lab) throw new Error('no domain lab is served')
  const gates = limitGatesOf(lab)
  expect(fieldsOf(gates).map(({ label }) => label)).toEqual([
    'Millilitres of a sample, at most',
    'Time of drawing (days ahead), at least',
  ])
  const { consent, fields } = typedOf(undefined, gates)
  const read = readTyped({ consent, fields: { ...fields, notice: '2' } }, gates)
  if (!read.ok) throw new Error(JSON.stringify(read.wrong))

  const { autonomy } = await must('POST', '/v1/personas', DORA, {
    title: 'donor',
    circle: 'ward-2',
    autonomy: read.autonomy,
  })
  expect(autonomySentence(autonomy, lab)).toBe(
    'Agents may release samples of yours of at most 10 millilitres each, time of drawing at least 2 days ahead.',
  )

  await must('POST', '/v1/agents', STAFF, { id: 'courier' })
  const owned = { owner: 'user:dora', owner_persona: 'donor/ward-2' }
  await must('PUT', '/v1/resources/lab_order/panel', LAB, owned)
  const grant = {
    delegate: 'agent:courier',
    delegator_persona: 'donor/ward-2',
    actions: ['release'],
    scope: 'lab_order:panel',
  }
  await must('POST', '/v1/grants', DORA, grant)
  const drawn_at = new Date(tpdp.now() + 3_600_000).toISOString()
  const answer = await tpdp.call('POST', '/access/v1/evaluation', {
    as: LAB,
    body: {
      subject: { type: 'user', id: 'dora', properties: { persona: 'donor/ward-2', act: { sub: 'courier' } } },
      action: { name: 'release' },
      resource: { type: 'lab_order', id: 'panel', properties: { blood_volume: 11, drawn_at } },
    },
  })
  expect(answer.body.context.reasons).toMatchObject([
    { code: 'volume_above_limit', reason_user: 'This takes more blood than the donor lets an agent release.' },
    { code: 'drawn_too_soon', reason_user: 'This is drawn too soon for an agent to release.' },
  ])

  const entry: LoggedEntry = await must('GET', `/v1/decisions/${answer.body.context.evaluation_id}`, STAFF)
  expect(gatesOf(entry, domains).slice(-2)).toEqual([
    { name: 'Volume', outcome: 'fails', says: '11 millilitres, and the limit is 10 millilitres' },
    { name: 'Notice', outcome: 'fails', says: expect.stringMatching(/^\d+ minutes, and the limit is 2 days$/u) },
  ])
  expect(reasonText('volume_above_limit', domains)?.admin).toMatch(/^The sample's volume/u)
  expect(gateCodes(domains)).toContain('drawn_too_soon')
})
