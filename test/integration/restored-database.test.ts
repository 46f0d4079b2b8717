/**
 * A database that is older than the decision log (rule E5, ADR 0151): nothing that the log has as ended is effective again. With the embedded store, whose
 * file holds tuples, register and vault, so that one file is the whole state of one moment.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { NO_OPENFGA, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { type Ask, World } from '../fixtures/world.ts'

const FLIGHT: Ask = { subject: 'B', action: 'execute', item: 'flight' }
const BY_AGENT: Ask = { subject: 'A', actor: 'X', action: 'execute', item: 'flight' }

let tpdp: TestPdp
let world: World
let key: { readonly id: string; readonly key: string }

beforeEach(async () => {
  const env = { PDP_PERSON_PER_MINUTE: '60000', ENGINE: 'embedded' }
  tpdp = await startTestPdp({ openFga: NO_OPENFGA, database: 'sqlite', frozen: true, env })
  onTestFinished(() => tpdp.stop())
  world = new World(tpdp)
  await world.begin()
  await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
  await world.grant({ name: 'ac', from: 'A', to: 'C', actions: ['read'] })
  await world.grant({ name: 'ax', from: 'A', to: 'X', actions: ['execute'] })
  const body = { name: 'k', types: ['workflow_item'], expires_at: new Date(tpdp.now() + 86_400_000).toISOString() }
  key = (await world.call('POST', '/v1/keys', world.staff('operator'), body)).body
})

const path = (name: string): string => join(tpdp.dataDir, name)

async function backUp(): Promise<Buffer> {
  let file: Buffer | undefined
  await tpdp.restart(() => {
    file = readFileSync(path('pdp.db'))
  })
  return file ?? Buffer.alloc(0)
}

const restore = (file: Buffer, meanwhile: () => void = () => undefined): Promise<void> =>
  tpdp.restart(() => {
    writeFileSync(path('pdp.db'), file)
    meanwhile()
  })

async function answers(): Promise<Readonly<Record<string, unknown>>> {
  const permits = async (ask: Ask, as?: string): Promise<unknown> => {
    const body = world.question(ask)
    const answer = await tpdp.call('POST', '/access/v1/evaluation', {
      as: as ?? { sub: 'service-account-trips', azp: 'trips', svc: 'trips' },
      body,
    })
    return answer.status === 200 ? answer.body.decision : answer.status
  }
  return {
    grant: await permits(FLIGHT),
    persona: await permits({ subject: 'C', action: 'read' }),
    agent: await permits(BY_AGENT),
    key: await permits({ subject: 'A', action: 'execute', item: 'flight' }, key.key),
  }
}

const ALL = { grant: true, persona: true, agent: true, key: true }
const NONE = { grant: false, persona: false, agent: false, key: 401 }

async function endAll(): Promise<void> {
  expect((await world.revoke('ab', 'A')).status).toBe(200)
  await world.personaStatus('C', 'booking-assistant/acme', 'suspended')
  const operator = world.staff('operator')
  expect((await world.call('PATCH', `/v1/agents/${world.id('X')}`, operator, { status: 'suspended' })).status).toBe(200)
  expect((await world.call('DELETE', `/v1/keys/${key.id}`, operator)).status).toBe(204)
}

const lines = (text: string) => tpdp.operations.filter((line) => line.includes(text)).map((line) => JSON.parse(line))

describe('E5: a database older than the log', () => {
  test('what was ended after the backup is ended again at the start, and is in the log and in lists', async () => {
    const file = await backUp()
    expect(await answers()).toEqual(ALL)
    await endAll()
    expect(await answers()).toEqual(NONE)
    await restore(file)
    expect(await answers()).toEqual(NONE)
    expect(lines('applied from the log')).toMatchObject([{ applied: { grants: 1, keys: 1, personas: 1, agents: 1 } }])
    const { body } = await world.call('GET', `/v1/grants/${world.named.get('ab')}`, world.as('A'))
    expect(body).toMatchObject({ status: 'revoked', revoked_by: world.ref('A') })
    const again = lines('applied from the log').length
    await tpdp.restart()
    expect(lines('applied from the log')).toHaveLength(again)
  })

  test('without the later entries of the log it is all effective again: the log is what ends it', async () => {
    const file = await backUp()
    await endAll()
    await restore(file, () => {
      rmSync(path('log'), { recursive: true })
      rmSync(path('index.db'), { force: true })
    })
    expect(await answers()).toEqual(ALL)
  })

  test('a consent that was taken back is taken back again; a grant that was given later is lost', async () => {
    const file = await backUp()
    await world.autonomy('A', 'traveler/family', null)
    await world.grant({ from: 'A', to: 'D', actions: ['read'] })
    expect((await world.ask({ subject: 'D', action: 'read' })).body.decision).toBe(true)
    await restore(file)
    expect(await answers()).toEqual({ ...ALL, agent: false })
    expect((await world.ask({ subject: 'D', action: 'read' })).body.decision).toBe(false)
  })

  test('what an operator has to repeat is counted in the operations log', async () => {
    const file = await backUp()
    await world.trip('U', 'A', 'traveler/family')
    expect((await world.transfer('T', 'D')).status).toBe(200)
    await restore(file, () => writeFileSync(path('restored'), ''))
    expect(lines('have to be repeated')).toMatchObject([{ repeat: { resource_transferred: 1 } }])
    expect(existsSync(path('restored'))).toBe(false)
  })
})
