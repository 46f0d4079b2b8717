/**
 * A PDP with the embedded relationship store: without any OpenFGA, over a restart, over a crash at each step of a change, and moved to OpenFGA.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '@mandate/service'
import { freePort, type Service, spawnService } from '@mandate/stack'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { runStoreCommand } from '../../pdp/src/cli/store-command.ts'
import { importTuples } from '../../pdp/src/openfga/import-tuples.ts'
import { FgaStore } from '../../pdp/src/openfga/store.ts'
import { startIssuer, type TestIssuer, type TokenClaims } from '../fixtures/issuer.ts'
import { packFolder } from '../fixtures/packs.ts'
import { createCall, environment, NO_OPENFGA, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'
import { stableAnswers, usePdp } from '../fixtures/used-pdp.ts'
import { World } from '../fixtures/world.ts'

const RECORDS: TokenClaims = { sub: 'service-account-records', azp: 'records', svc: 'records' }
const READER = { type: 'user', id: 'alice' }
const SHIPPED = new URL('../../pdp/policies/', import.meta.url).pathname
const FLIGHT = { subject: 'B', action: 'execute', item: 'flight' } as const
/** A model of another program. */
const NOTES = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'person' },
    {
      type: 'note',
      relations: { writer: { this: {} } },
      metadata: { relations: { writer: { directly_related_user_types: [{ type: 'person' }] } } },
    },
  ],
}
const LABELS = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'person' },
    {
      type: 'note',
      relations: { reader: { this: {} } },
      metadata: { relations: { reader: { directly_related_user_types: [{ type: 'person', condition: 'labelled' }] } } },
    },
  ],
  conditions: {
    labelled: { name: 'labelled', expression: 'label != ""', parameters: { label: { type_name: 'TYPE_NAME_STRING' } } },
  },
}
const PACE = { PDP_PERSON_PER_MINUTE: '60000' }

async function startEmbedded(): Promise<TestPdp> {
  const env = { ...PACE, ENGINE: 'embedded' }
  const tpdp = await startTestPdp({ openFga: NO_OPENFGA, database: 'sqlite', frozen: true, env })
  onTestFinished(tpdp.stop)
  return tpdp
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function toOpenFga(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const said = { out: '', err: '' }
  const code = await runStoreCommand(['to-openfga', ...argv], {
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    environment: env,
  })
  return { code, ...said }
}

test('answers the same after a restart', async () => {
  const tpdp = await startEmbedded()
  const answers = await usePdp(tpdp, new World(tpdp))
  const before = stableAnswers(await answers())
  await tpdp.restart()
  expect(stableAnswers(await answers())).toEqual(before)
})

test('is not ready while its tuples cannot be read, and names its own database', async () => {
  const tpdp = await startEmbedded()
  const database = new DatabaseSync(join(tpdp.dataDir, 'pdp.db'))
  onTestFinished(() => database.close())
  const readiness = async () => {
    const answer = await fetch(`${tpdp.pdp.url}/readyz`)
    const { missing }: { readonly missing: readonly string[] } = await answer.json()
    // The log's index follows by itself, and may be behind for a moment.
    return [answer.status, missing.filter((part) => part !== 'index')]
  }
  database.exec('ALTER TABLE tuples RENAME TO elsewhere')
  expect(await readiness()).toEqual([503, ['store']])
  database.exec('ALTER TABLE elsewhere RENAME TO tuples')
  expect(await readiness()).toEqual([200, []])
})

test('answers the same after its tuples were moved to OpenFGA, goes on there, and does not start on the old ones', async () => {
  const { url, apiToken } = inject('openFga')
  const store = `moved-${randomUUID()}`
  const env = { OPENFGA_API_TOKEN: apiToken, OPENFGA_STORE: store }
  const tpdp = await startEmbedded()
  const world = new World(tpdp)
  const answers = await usePdp(tpdp, world)
  // The model is equal, and has an id of its own in each store.
  const before = stableAnswers(await answers(), ['model'])
  const argv = [url, tpdp.dataDir]
  expect(await toOpenFga(argv, env)).toMatchObject({ code: 65, err: expect.stringContaining('a PDP runs on') })

  await tpdp.restart(async () => {
    Object.assign(tpdp.config, { ...env, ENGINE: 'openfga', OPENFGA_URL: url })
    // Starting on a store without the tuples would deny everything.
    await expect(tpdp.restart()).rejects.toThrow(/to-openfga/u)
    expect(await toOpenFga(argv, env)).toEqual({
      code: 0,
      err: '',
      out: expect.stringMatching(/^(\d+) tuples written, \1 tuples read back and equal, model written\.\n/u),
    })
    expect(await toOpenFga(argv, env)).toMatchObject({ code: 65, err: expect.stringContaining('were moved to') })
  })
  expect(stableAnswers(await answers(), ['model'])).toEqual(before)
  expect((await world.revoke('ab', 'A')).status).toBe(200)
  expect((await world.ask({ ...FLIGHT, subject: 'C' })).body.context.reason).toBe('grant_revoked')

  await tpdp.restart(async () => {
    Object.assign(tpdp.config, { ENGINE: 'embedded' })
    await expect(tpdp.restart()).rejects.toThrow(ConfigError)
    Object.assign(tpdp.config, { ENGINE: 'memory' })
  })
  expect((await world.ask({ ...FLIGHT, subject: 'C' })).body.context.reason).toBe('grant_revoked')
})

test('a store that holds tuples of its own is not written to', async () => {
  const { url, apiToken } = inject('openFga')
  const other = await startTestPdp({ openFga: inject('openFga'), database: 'sqlite', env: PACE })
  onTestFinished(other.stop)
  await new World(other).begin()
  const tpdp = await startEmbedded()
  await new World(tpdp).begin()
  await tpdp.restart(async () => {
    const env = { OPENFGA_API_TOKEN: apiToken, OPENFGA_STORE: other.config.OPENFGA_STORE }
    expect(await toOpenFga([url, tpdp.dataDir], env)).toMatchObject({
      code: 65,
      err: expect.stringContaining('the store belongs to another PDP'),
    })
    const name = `foreign-${randomUUID()}`
    const store = await FgaStore.open({ url, apiToken, name })
    const model = await store.writeModel(NOTES)
    const writes = [{ user: 'person:1', relation: 'writer', object: 'note:1' }]
    await store.write({ writes, deletes: [] }, model)
    expect(await toOpenFga([url, tpdp.dataDir], { ...env, OPENFGA_STORE: name })).toMatchObject({
      code: 65,
      err: expect.stringContaining('the store has a tuple of note#writer that is not in pdp.db'),
    })
    expect(await store.read('note:1')).toHaveLength(1)
  })
})

test('texts of several bytes a character are moved in Writes that OpenFGA takes', async () => {
  const { url, apiToken } = inject('openFga')
  const store = await FgaStore.open({ url, apiToken, name: `long-${randomUUID()}` })
  const modelId = await store.writeModel(LABELS)
  const label = '\u6f22'.repeat(10_000)
  const tuples = Array.from({ length: 40 }, (_, index) => ({
    user: 'person:1',
    relation: 'reader',
    object: `note:${index}`,
    condition: { name: 'labelled', context: { label } },
  }))
  expect(await importTuples({ store, tuples: [{ modelId, tuples }] })).toEqual({ written: 40, verified: 40 })
})

test('a database whose tuples are in OpenFGA is refused', async () => {
  const tpdp = await startTestPdp({ openFga: inject('openFga'), database: 'sqlite', env: PACE })
  onTestFinished(tpdp.stop)
  await tpdp.restart(async () => {
    Object.assign(tpdp.config, { ENGINE: 'embedded' })
    await expect(tpdp.restart()).rejects.toThrow(/are in OpenFGA/u)
    Object.assign(tpdp.config, { ENGINE: 'memory' })
  })
})

test.for([
  [[], 'to-openfga: name the URL of OpenFGA.', 64],
  [['x'], 'to-openfga: name the URL of OpenFGA.', 64],
  [['http://127.0.0.1:1'], 'PDP_DATA_DIR: set it, or name the data directory', 78],
  [['http://127.0.0.1:1', '/nowhere'], 'there is no file /nowhere/pdp.db', 65],
] as const)('npm run store -- to-openfga %s is refused', async ([argv, message, code]) => {
  expect(await toOpenFga(argv, {})).toMatchObject({ code, err: expect.stringContaining(message) })
})

describe('a crash', () => {
  interface Place {
    readonly world: World
    /** Starts the PDP again, without the crash. */
    readonly startAgain: () => Promise<void>
    readonly crashed: () => Promise<string>
  }

  async function startCrashing(crashAt: string, settings: Readonly<Record<string, string>> = {}): Promise<Place> {
    const dir = mkdtempSync(join(tmpdir(), 'mandate-crash-'))
    const stack = new AsyncDisposableStack()
    onTestFinished(() => stack.disposeAsync())
    stack.defer(() => rmSync(dir, { recursive: true, force: true }))
    const issuer: TestIssuer = stack.adopt(await startIssuer(), (one) => one.stop())
    const url = `http://127.0.0.1:${await freePort()}`
    const env = {
      ...environment(NO_OPENFGA, issuer, join(dir, 'data')),
      PDP_PORT: new URL(url).port,
      ENGINE: 'embedded',
      LOG_LEVEL: 'warn',
      ...settings,
    }
    const start = async (entry: string, more: Readonly<Record<string, string>>): Promise<Service> => {
      const logFile = join(dir, 'pdp.log')
      const service = { name: 'pdp', entry, env: { ...env, ...more }, readyUrl: `${url}/readyz`, logFile }
      return stack.adopt(await spawnService(service), (one) => one.kill())
    }
    const crashing = await start('test/fixtures/crashing-pdp.ts', { CRASH_AT: crashAt })
    const world = new World({ call: createCall(() => url, issuer), now: Date.now, advance: () => undefined })
    await world.begin()
    return {
      world,
      startAgain: async () => void (await start('pdp/src/main.ts', {})),
      crashed: () => crashing.ended(),
    }
  }

  test.for(['before', 'after'] as const)('%s the tuples of a grant are written: there is no grant', async (moment) => {
    const { world, startAgain, crashed } = await startCrashing(`issue:${moment}`)
    const give = () => world.grant({ from: 'A', to: 'B', actions: ['execute'] })
    await expect(give()).rejects.toThrow()
    expect(await crashed()).toBe('SIGKILL')
    await startAgain()
    expect((await world.ask(FLIGHT)).body.context.reason).toBe('no_grant')
    const { body } = await world.call('GET', `/v1/grants?delegator=${world.ref('A')}&include=ended`, world.as('A'))
    expect(body.items).toEqual([])
    expect((await give()).status).toBe(201)
    expect((await world.ask(FLIGHT)).body.context.reason).toBe('delegated')
  })

  test.for(['before', 'after'] as const)('%s the tuples of a grant are deleted: it is revoked', async (moment) => {
    const { world, startAgain, crashed } = await startCrashing(`end:${moment}`)
    await world.grant({ from: 'A', to: 'B', actions: ['execute'], name: 'ab' })
    await expect(world.revoke('ab', 'A')).rejects.toThrow()
    expect(await crashed()).toBe('SIGKILL')
    await startAgain()
    expect((await world.ask(FLIGHT)).body.context.reason).toBe('grant_revoked')
    const path = `/v1/decisions?kind=grant_revoked&grant=${world.named.get('ab')}`
    expect((await world.tpdp.call('GET', path, { as: AUDITOR })).body.total).toBe(1)
  })

  test.for([
    ['before', false],
    ['after', true],
  ] as const)('%s facts are written: there are all of them or none', async ([moment, isThere]) => {
    const { world, startAgain, crashed } = await startCrashing(`carryOut:${moment}`, {
      PDP_PACKS: [packFolder('certification'), `${SHIPPED}travel`].join(','),
      PDP_SERVICES: 'records=record,trips=workflow+workflow_item+travel_account',
    })
    const resource = { type: 'record', id: 'r' }
    const [reads, writes] = ['reader', 'writer'].map((relation) => ({ subject: READER, relation, resource }))
    const write = [
      reads,
      { ...writes, condition: { name: 'on_active' } },
      { resource, attributes: { status: 'active' } },
    ]
    const change = () => world.call('POST', '/v1/facts', RECORDS, { domain: 'certification', write })
    const may = async (name: string): Promise<boolean> =>
      (await world.call('POST', '/access/v1/evaluation', RECORDS, { subject: READER, action: { name }, resource })).body
        .decision
    await expect(change()).rejects.toThrow()
    expect(await crashed()).toBe('SIGKILL')
    await startAgain()
    expect([await may('read'), await may('write')]).toEqual([isThere, isThere])
    expect((await change()).status).toBe(200)
    expect([await may('read'), await may('write')]).toEqual([true, true])
  })

  test.for(['before', 'after'] as const)('%s a resource changes its owner: it is transferred', async (moment) => {
    const { world, startAgain, crashed } = await startCrashing(`transfer:${moment}`)
    await expect(world.transfer('T', 'D')).rejects.toThrow()
    expect(await crashed()).toBe('SIGKILL')
    await startAgain()
    const reads = async (subject: string) => (await world.ask({ subject, action: 'read' })).body.decision
    expect([await reads('A'), await reads('D')]).toEqual([false, true])
  })
})
