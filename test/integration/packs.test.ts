/**
 * What every pack promises in its `cases.yaml`, played on a real PDP. That packs of the tests' own (expenses, certification) are among them
 * shows that a domain is a folder of data: no code knows of it.
 *
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPacks, type PlayIssuer, playCase, startPlayed, startPlayIssuer } from '@mandate/cases'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startIssuer, type TestIssuer, type TokenClaims } from '../fixtures/issuer.ts'
import { packFolder } from '../fixtures/packs.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { playOnOpenFga } from '../fixtures/play-on-openfga.ts'

let issuer: TestIssuer
let playIssuer: PlayIssuer
beforeAll(async () => {
  issuer = await startIssuer()
  playIssuer = await startPlayIssuer()
})
afterAll(async () => {
  await issuer?.stop()
  await playIssuer?.close()
})

for (const dirs of [
  [],
  [packFolder('expenses')],
  [packFolder('folders')],
  [packFolder('lab-orders')],
  [packFolder('conditions')],
  [packFolder('certification'), packFolder('expenses')],
]) {
  const { packs, places, problems } = await checkPacks(dirs)
  // Together with another pack, the promises of the last are those that matter.
  const played = dirs.length > 1 ? packs.slice(-1) : packs
  describe(packs.map(({ name }) => name).join(' and '), () => {
    test('are sound', () => expect(problems).toEqual([]))
    for (const pack of played)
      test.for(pack.file.cases.map((one, index) => ({ ...one, index })))(`${pack.name}: $case`, async (one) => {
        expect(await playOnOpenFga(pack, one, one.index, { openFga: inject('openFga'), issuer, places })).toEqual([])
      })
    for (const pack of played)
      test.for(pack.file.cases.map((one, index) => ({ ...one, index })))(
        `${pack.name}, embedded: $case`,
        async (one) => {
          const running = await startPlayed({
            issuer: playIssuer,
            manifests: [pack.manifest],
            settings: { PDP_POLICIES_DIR: places.dir, PDP_PACKS: places.folders.join(',') },
            clock: 'frozen',
          })
          try {
            expect(await playCase(pack, one, one.index, running)).toEqual([])
          } finally {
            await running.close()
          }
        },
      )
  })
}

test('a promise that is not kept is told by its line, with what came instead', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-pack-'))
  cpSync(packFolder('expenses'), join(dir, 'expenses'), { recursive: true })
  const file = join(dir, 'expenses/cases.yaml')
  const text = readFileSync(file, 'utf8')
    .replace('emma submit october, permit: owner', 'emma submit october, deny: [no_grant]')
    .replace('from: max, to: clerk, actions: [approve]', 'from: max, to: clerk, actions: [submit]')
  writeFileSync(file, text)
  const { packs, places } = await checkPacks([join(dir, 'expenses')])
  const failures = []
  for (const pack of packs)
    for (const index of [0, 2]) {
      const one = pack.file.cases[index]
      if (one) failures.push(...(await playOnOpenFga(pack, one, index, { openFga: inject('openFga'), issuer, places })))
    }
  rmSync(dir, { recursive: true })
  expect(failures).toEqual([
    'expenses/cases.yaml:27: emma submit october: deny no_grant was promised, permit owner came',
    expect.stringMatching(/^expenses\/cases\.yaml:44: POST \/v1\/grants was refused: 403 grant_widened: .*actions/),
  ])
})

describe('a PDP with several packs', () => {
  const service: TokenClaims = { sub: 'service-account-books', azp: 'books', svc: 'books' }
  let tpdp: TestPdp
  beforeAll(async () => {
    const packs = ['certification', 'expenses'].map(packFolder).join(',')
    const types = 'expense_report+expense_item+expense_account+record'
    tpdp = await startTestPdp({ openFga: inject('openFga'), env: { PDP_PACKS: packs, PDP_SERVICES: `books=${types}` } })
  })
  afterAll(() => tpdp?.stop())

  const ask = (action: string, type: string) =>
    tpdp.call('POST', '/access/v1/evaluation', {
      as: service,
      body: { subject: { type: 'user', id: 'u' }, action: { name: action }, resource: { type, id: 'x' } },
    })

  test('decides each by its own, and knows of no other', async () => {
    expect((await ask('read', 'record')).body.context).toMatchObject({ reason: 'not_related' })
    expect((await ask('audit', 'expense_report')).body.context).toMatchObject({ reason: 'not_related' })
    const { reasons } = (await ask('read', 'expense_report')).body.context
    expect(reasons).toMatchObject([{ code: 'persona_unknown' }, { code: 'resource_unknown' }])
    expect((await ask('read', 'workflow')).body.context.reasons).toMatchObject([
      { code: 'resource_unknown', code_user: 'no_grant', reason_admin: expect.stringContaining('workflow') },
    ])
  })

  test("a domain's own reason comes with its own words", async () => {
    const call = async (method: string, path: string, as: TokenClaims, body: unknown) => {
      const answer = await tpdp.call(method, path, { as, body })
      expect(answer.status, answer.text).toBeLessThan(300)
      return answer.body
    }
    const emma = { sub: 'emma', azp: 'desktop' }
    const max = { sub: 'max', azp: 'desktop' }
    const staff = (role: string) => ({ sub: role, azp: 'desktop', roles: [role] })
    const limits = { amount: { at_most: 100, currency: 'EUR' }, age: { at_least: -86_400 } }
    const employee = { title: 'employee', circle: 'sales', autonomy: { consent: true, limits } }
    await call('POST', '/v1/personas', emma, employee)
    const { id } = await call('POST', '/v1/personas', max, { title: 'manager', circle: 'sales' })
    await call('PATCH', `/v1/personas/${id}`, staff('persona-admin'), { status: 'active' })
    await call('POST', '/v1/agents', staff('operator'), { id: 'clerk' })
    const owner = { owner: 'user:emma', owner_persona: 'employee/sales' }
    await call('PUT', '/v1/resources/expense_report/october', service, owner)
    const on = { actions: ['approve'], scope: 'expense_report:october' }
    const toMax = { ...on, delegate: 'user:max', delegator_persona: 'employee/sales', redelegations: 1 }
    const { id: parent } = await call('POST', '/v1/grants', emma, toMax)
    await call('POST', '/v1/grants', max, {
      ...on,
      delegate: 'agent:clerk',
      delegator_persona: 'manager/sales',
      parent,
    })
    const { decision, context } = await call('POST', '/access/v1/evaluation', service, {
      subject: { type: 'user', id: 'max', properties: { persona: 'manager/sales', act: { sub: 'clerk' } } },
      action: { name: 'approve' },
      resource: {
        type: 'expense_report',
        id: 'october',
        properties: { amount: { amount: 101, currency: 'EUR' }, spent_at: new Date(tpdp.now()).toISOString() },
      },
    })
    expect(decision).toBe(false)
    expect(context.reasons).toEqual([
      {
        code: 'amount_above_limit',
        gate: 'amount',
        attribute: 'amount',
        limit: 100,
        actual: 101,
        currency: 'EUR',
        reason_user: 'This is more than the employee lets an agent decide.',
        reason_admin: "The item's amount is above the autonomy limit of the owner's persona.",
        cure: 'The owner raises the limit, or a person decides.',
      },
    ])
  })
})
