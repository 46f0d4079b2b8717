/**
 * Backup and restore of a whole installation (ADR 0151): two PDPs and OpenFGA on one PostgreSQL, backed up while they are used, destroyed, restored. Real
 * programs: `pg_basebackup`, `openssl`, `tar`. Keycloak's database is one more of the same cluster, and is not started here.
 */
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseVerifierKey } from '@mandate/protocol'
import { freePort, type OpenFga, startOpenFga } from '@mandate/stack'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import { findPostgres } from '../../stack/src/find-postgres.ts'
import {
  type Cluster,
  giveTo,
  makeFolder,
  placePrograms,
  serve,
  unprivileged,
} from '../../stack/src/postgres-cluster.ts'
import { runSql } from '../../stack/src/postgres-sql.ts'
import { runCommand } from '../../stack/src/run-command.ts'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'
import { startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { type Ask, World } from '../fixtures/world.ts'
import { ROOT } from '../support/compose-file.ts'

const binaries = await findPostgres()
const MISSING = existsSync(join(binaries, 'pg_basebackup')) ? '' : 'pg_basebackup is not beside this PostgreSQL'

const by = (subject: string): Ask => ({ subject, action: 'execute', item: 'flight' })

let place: string
let cluster: Cluster
let postgres: Awaited<ReturnType<typeof serve>>
let openFga: OpenFga
let issuer: TestIssuer
let pdps: readonly TestPdp[] = []
let world: World
let env: Readonly<Record<string, string>>
const password = randomBytes(24).toString('base64url')

beforeAll(async () => {
  if (MISSING) return
  place = mkdtempSync(join(tmpdir(), 'mandate-backup-'))
  cluster = await aCluster()
  postgres = await serve(cluster)
  for (const name of ['pdp', 'openfga', 'keycloak']) await runSql(cluster.urlOf('postgres'), `CREATE DATABASE ${name}`)
  issuer = await startIssuer()
  env = {
    OPENFGA_STORE: `backup-${randomUUID()}`,
    PDP_STORE_URL: cluster.urlOf('pdp'),
    PDP_VAULT_KEY: randomBytes(32).toString('hex'),
    PDP_PERSON_PER_MINUTE: '60000',
  }
  mkdirSync(join(place, 'secrets'))
  writeFileSync(join(place, 'secrets', 'pdp_vault_key'), env['PDP_VAULT_KEY'] ?? '')
  writeFileSync(join(place, 'layout'), layout())
  expect(await script('make-backup-keys.sh', [])).toMatchObject({ status: 0 })
  openFga = await startOpenFga({ engine: 'postgres', postgresUrl: cluster.urlOf('openfga'), env: {} })
  await startPdps()
  world = new World(pdpAt(0))
  await world.begin()
}, 120_000)

afterAll(async () => {
  await Promise.all(pdps.map((pdp) => pdp.stop()))
  await openFga?.stop()
  await postgres?.stop()
  await issuer?.stop()
  for (const folder of [place, cluster?.folder]) if (folder) rmSync(folder, { recursive: true, force: true })
})

const pdpAt = (index: number): TestPdp => {
  const pdp = pdps[index]
  if (!pdp) throw new Error(`PDP ${index} does not run`)
  return pdp
}

async function aCluster(): Promise<Cluster> {
  const owner = await unprivileged()
  const folder = await makeFolder(owner)
  const programs = await placePrograms(binaries, folder, owner)
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  await giveTo(owner, passwordFile)
  const flags = [
    '--username=mandate',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--no-sync',
  ]
  await runCommand(join(programs, 'initdb'), [`--pgdata=${join(folder, 'data')}`, '--locale=C', ...flags], {
    ...owner,
    cwd: folder,
  })
  const port = await freePort()
  const urlOf = (database: string) => `postgres://mandate:${password}@127.0.0.1:${port}/${database}?sslmode=disable`
  return { binaries: programs, folder, port, settings: { fsync: 'off' }, owner, urlOf }
}

const dataOf = (index: number): string => join(place, `pdp-${index + 1}`)

const layout = (): string => `# as in a deployment without compose
cluster postgres postgres://mandate@127.0.0.1:${cluster.port}/postgres?sslmode=disable ${join(cluster.folder, 'data')}
pdp pdp-1 ${dataOf(0)}
pdp pdp-2 ${dataOf(1)}
secrets secrets ${join(place, 'secrets')}
`

async function startPdps(): Promise<void> {
  const started: TestPdp[] = []
  for (const index of [0, 1])
    started.push(
      await startTestPdp({
        openFga,
        issuer,
        dataDir: dataOf(index),
        env: { ...env, PDP_LOG_ORIGIN: `test.invalid/${index + 1}` },
      }),
    )
  pdps = started
}

interface Ran {
  readonly status: unknown
  readonly said: string
}

/** In a process of its own, beside the PDPs of this one. */
async function script(
  name: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const ran = spawn(join(ROOT, 'deploy', name), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: [cluster.binaries, dirname(process.execPath), process.env['PATH']].join(delimiter),
      PGPASSWORD: password,
      MANDATE_BACKUP_KEYS: join(place, 'keys'),
      MANDATE_LOG_COMMAND: `${process.execPath} pdp/src/cli/main.ts`,
      MANDATE_BACKUP_PART_BYTES: '4194304',
      ...more,
    },
  })
  const exit = once(ran, 'close')
  const [out, err] = await Promise.all([text(ran.stdout), text(ran.stderr)])
  const [status]: readonly unknown[] = await exit
  return { status, said: `${out}${err}` }
}

const backUp = (to: string, ...flags: readonly string[]): Promise<Ran> =>
  script('backup.sh', ['--layout', join(place, 'layout'), ...flags, join(place, to)])
const restore = (from: string, ...flags: readonly string[]): Promise<Ran> =>
  script('restore.sh', ['--layout', join(place, 'layout'), ...flags, join(place, from)])

async function stopAll(): Promise<void> {
  for (const pdp of pdps) await pdp.pdp.close()
  pdps = []
  await openFga.kill()
  await postgres.stop()
}

function destroy(): void {
  rmSync(join(cluster.folder, 'data'), { recursive: true, force: true })
  for (const folder of [dataOf(0), dataOf(1), join(place, 'secrets')]) rmSync(folder, { recursive: true, force: true })
}

async function startAll(): Promise<void> {
  postgres = await serve(cluster)
  await openFga.restart()
  await startPdps()
  const { named, personaIds, tag } = world
  world = Object.assign(new World(pdpAt(0)), { named, personaIds, tag })
}

const permits = async (subject: string, index = 0): Promise<unknown> => {
  const body = world.question(by(subject))
  return (await pdpAt(index).call('POST', '/access/v1/evaluation', { as: TRIPS, body })).body.decision
}

const filesBelow = (dir: string): readonly string[] => (existsSync(dir) ? readdirSync(dir) : [])

/** Asks on both PDPs, gives S a grant and ends it, over and over, until it is stopped. */
function use(): () => Promise<void> {
  let isOver = false
  const loop = async (index: number): Promise<void> => {
    for (let n = 0; !isOver; n += 1) {
      await permits('A', index)
      if (n % 5 === 0) await pdpAt(index).call('GET', '/v1/grants', { as: world.as('A') })
    }
  }
  const change = async (): Promise<void> => {
    while (!isOver) {
      expect((await world.grant({ name: 'as', from: 'A', to: 'S', actions: ['execute'] })).status).toBe(201)
      expect((await world.revoke('as', 'A')).status).toBe(200)
    }
  }
  const loops = [loop(0), loop(1), loop(0), loop(1), change()]
  return async () => {
    isOver = true
    await Promise.all(loops)
  }
}

describe.skipIf(MISSING !== '')(`backup and restore${MISSING && `: ${MISSING}`}`, () => {
  let checkpoints: readonly string[] = []
  let erased = ''

  test('an installation is backed up while it is used; nothing is overwritten', { timeout: 120_000 }, async () => {
    await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
    await world.grant({ name: 'ac', from: 'A', to: 'C', actions: ['execute'] })
    await world.grant({ name: 'ad', from: 'A', to: 'D', actions: ['execute'] })
    await world.grant({ name: 'am', from: 'A', to: 'M', actions: ['execute'] })
    expect((await world.revoke('ac', 'A')).status).toBe(200)
    const stop = use()
    const began = performance.now()
    const ran = await backUp('whole')
    const seconds = (performance.now() - began) / 1_000
    await stop()
    process.stdout.write(`backed up in ${seconds.toFixed(1)} s: ${ran.said.trim().split('\n').at(-1)}\n`)
    expect(ran).toMatchObject({ status: 0 })
    expect(ran.said).toMatch(/whole and signed/u)
    expect(await backUp('whole')).toMatchObject({ status: 73 })
    for (const name of filesBelow(join(place, 'whole')))
      expect(readFileSync(join(place, 'whole', name)).includes(password)).toBe(false)
    // After it: one ends on each PDP, and M is erased.
    const { body } = await world.call('GET', '/v1/subjects/me/export', world.as('M'))
    erased = body.pseudonym
    expect(
      (await pdpAt(1).call('POST', `/v1/grants/${world.named.get('ad')}/revoke`, { as: world.as('A'), body: {} }))
        .status,
    ).toBe(200)
    expect((await world.call('DELETE', '/v1/subjects/me', world.as('M'))).status).toBe(200)
    expect(await backUp('later', '--logs')).toMatchObject({ status: 0 })
    checkpoints = [0, 1].map((index) => readFileSync(join(dataOf(index), 'log', 'checkpoint'), 'utf8'))
    await stopAll()
  })

  test('a backup that was altered, cut, mixed or signed by another key is refused, and nothing is written', {
    timeout: 60_000,
  }, async () => {
    destroy()
    const damage = async (name: string, change: (dir: string) => void, more = {}): Promise<Ran> => {
      const dir = join(place, 'damaged')
      rmSync(dir, { recursive: true, force: true })
      cpSync(join(place, 'whole'), dir, { recursive: true })
      change(dir)
      const ran = await script('restore.sh', ['--layout', join(place, 'layout'), dir], more)
      expect(filesBelow(join(cluster.folder, 'data')), name).toEqual([])
      expect(filesBelow(dataOf(0)), name).toEqual([])
      return ran
    }
    const part = (dir: string): string => join(dir, 'pdp-1.00000.cms')
    const flipped = await damage('altered', (dir) => {
      const bytes = readFileSync(part(dir))
      bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1
      writeFileSync(part(dir), bytes)
    })
    expect(flipped).toMatchObject({ status: 65, said: expect.stringContaining('was altered') })
    expect(await damage('cut', (dir) => truncateSync(part(dir), 1_000))).toMatchObject({ status: 65 })
    expect(await damage('missing', (dir) => rmSync(part(dir)))).toMatchObject({
      status: 65,
      said: expect.stringContaining('is missing'),
    })
    expect(await damage('mixed', (dir) => cpSync(part(join(place, 'later')), part(dir)))).toMatchObject({ status: 65 })
    const resigned = await damage('manifest', (dir) =>
      writeFileSync(join(dir, 'MANIFEST'), 'mandate-backup 1\nkind whole\n'),
    )
    expect(resigned).toMatchObject({ status: 65, said: expect.stringContaining('is not signed') })
    const others = { MANDATE_BACKUP_KEYS: join(place, 'other-keys') }
    expect(await script('make-backup-keys.sh', [], others)).toMatchObject({ status: 0 })
    expect(await damage('key', () => undefined, others)).toMatchObject({ status: 65 })
    expect(await restore('later')).toMatchObject({ status: 65, said: expect.stringContaining('has the logs only') })
    expect(await restore('none')).not.toMatchObject({ status: 0 })
  })

  test('all is restored: what was granted is permitted, what ended before or after is not, the erased stay erased', {
    timeout: 120_000,
  }, async () => {
    const began = performance.now()
    expect(await restore('whole', '--logs', join(place, 'later'))).toMatchObject({ status: 0 })
    expect(readFileSync(join(place, 'secrets', 'pdp_vault_key'), 'utf8')).toBe(env['PDP_VAULT_KEY'])
    expect(await restore('whole')).toMatchObject({ status: 73, said: expect.stringContaining('is not empty') })
    await startAll()
    process.stdout.write(`restored and ready in ${((performance.now() - began) / 1_000).toFixed(1)} s\n`)
    for (const index of [0, 1]) {
      expect(await permits('A', index)).toBe(true)
      expect(await permits('B', index)).toBe(true)
      for (const subject of ['C', 'D', 'M', 'S']) expect(await permits(subject, index)).toBe(false)
    }
    const again = await world.call('GET', '/v1/subjects/me/export', world.as('M'))
    expect(again.body?.pseudonym).not.toBe(erased)
    for (const index of [0, 1]) {
      const keys = readFileSync(join(dataOf(index), 'log.vkeys'), 'utf8')
        .trim()
        .split('\n')
      const report = await verifyDirectory({
        directory: join(dataOf(index), 'log'),
        keys: await Promise.all(keys.map(parseVerifierKey)),
        remembered: checkpoints[index],
      })
      expect(report.findings).toEqual([])
    }
    expect((await world.grant({ from: 'A', to: 'C', actions: ['execute'] })).status).toBe(201)
    expect(await permits('C', 1)).toBe(true)
    await stopAll()
  })

  test('a database that is restored beside logs that survived: what they have as ended is ended again', {
    timeout: 120_000,
  }, async () => {
    const log = readFileSync(join(dataOf(0), 'log', 'checkpoint'), 'utf8')
    expect(await restore('whole', '--keep-logs')).toMatchObject({ status: 73 })
    expect(await restore('whole', '--keep-logs', '--force')).toMatchObject({ status: 0 })
    expect(readFileSync(join(dataOf(0), 'log', 'checkpoint'), 'utf8')).toBe(log)
    await startAll()
    expect(await permits('B')).toBe(true)
    // C got its grant after the backup.
    for (const subject of ['C', 'D', 'M']) expect(await permits(subject)).toBe(false)
    await stopAll()
  })

  test('without the later logs what ended later is effective again: they are what ends it', {
    timeout: 120_000,
  }, async () => {
    expect(await restore('whole', '--force')).toMatchObject({ status: 0 })
    await startAll()
    expect(await permits('C')).toBe(false)
    expect(await permits('D')).toBe(true)
    // Register and relationship store are of one moment, in the middle of a change.
    const { body } = await world.call('GET', '/v1/grants', world.as('A'))
    const live = body.items.filter(({ delegate }: { readonly delegate: string }) => delegate === world.ref('S'))
    expect(await permits('S')).toBe(live.length > 0)
  })
})
