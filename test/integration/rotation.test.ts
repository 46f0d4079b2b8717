/**
 * Each secret is rotated while services ask all the time, and no question fails. Three PDPs, one of them with mTLS, on one PostgreSQL and one OpenFGA. What can
 * be taken from files again is; for the rest the PDPs are replaced one after the other (docs/rotation.md).
 *
 * @module
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '@mandate/pdp'
import { createPep, type Pep, type PepOptions } from '@mandate/pep'
import { parseVerifierKey, verifyCheckpoint } from '@mandate/protocol'
import { FileReloader } from '@mandate/service'
import { freePort, type OpenFga, type Postgres, startOpenFga, startPostgres } from '@mandate/stack'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import { openPostgres as openTripsDatabase, type PostgresDatabase } from '../../examples/trips/src/postgres.ts'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { retireKey, rotateKey } from '../../pdp/src/log/signer.ts'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'
import { environment, startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { startTcpSwitch, type TcpSwitch } from '../fixtures/tcp-switch.ts'
import { World } from '../fixtures/world.ts'
import { makeCertificates } from '../support/tls-front.ts'

const HOUR_MS = 3_600_000
/** Questions of each asker that must be answered after a step. */
const AFTER_A_STEP = 3
const newSecret = (): string => randomBytes(24).toString('hex')
const newMetadataKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

let folder: string
let postgres: Postgres
let issuer: TestIssuer
let openFga: OpenFga[] = []
let relations: TcpSwitch
/** In front of the PDP with mTLS. */
let tlsFront: TcpSwitch
let world: World
const running = new Set<RotatingPdp>()
/** Without TLS. */
let plain: readonly RotatingPdp[] = []
let withTls: RotatingPdp
const openFgaKeys = [newSecret(), newSecret()] as const
const vaultKeys = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')] as const

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')

/** A PDP that can be replaced by one with other settings, on the same address and data. */
class RotatingPdp {
  readonly name: string
  readonly port: number
  tpdp!: TestPdp
  reloader!: FileReloader<TestPdp['config']>
  #more: Readonly<Record<string, string>>

  constructor(name: string, port: number, more: Readonly<Record<string, string>> = {}) {
    this.name = name
    this.port = port
    this.#more = more
  }

  get dataDir(): string {
    return join(folder, `data-${this.name}`)
  }

  async start(): Promise<void> {
    const server = { url: relations.url, apiToken: '' }
    const env = {
      ...environment(server, issuer, this.dataDir),
      OPENFGA_STORE: 'rotation',
      OPENFGA_API_TOKEN_FILE: join(folder, 'openfga-key'),
      PDP_STORE_URL_FILE: join(folder, 'store-url'),
      PDP_INDEX_URL_FILE: join(folder, 'index-url'),
      PDP_VAULT_KEY_FILE: join(folder, 'vault-key'),
      PDP_VAULT_OLD_KEYS_FILE: join(folder, 'vault-old-keys'),
      PDP_METADATA_KEY_FILE: join(folder, 'metadata-key'),
      PDP_PUBLIC_URL: 'https://pdp.invalid',
      PDP_LOG_ORIGIN: `rotation.invalid/${this.name}`,
      PDP_PORT: String(this.port),
      // Each decision is made by OpenFGA, so that each needs its key.
      ENGINE: 'openfga',
      PDP_PERSON_PER_MINUTE: '60000',
      PDP_PERSON_BURST: '60000',
      ...this.#more,
    }
    this.tpdp = await startTestPdp({ openFga: server, env, issuer, dataDir: this.dataDir })
    const logger = pino({ level: 'silent' })
    const readConfig = () => parseConfig(env, (path) => readFileSync(path, 'utf8')).config
    running.add(this)
    const { reload } = this.tpdp.pdp
    this.reloader = new FileReloader({ environment: env, readConfig, reload, logger, everyMs: HOUR_MS })
  }

  async stop(): Promise<void> {
    running.delete(this)
    await this.reloader.close()
    await this.tpdp.stop()
  }

  async replace(meanwhile: () => unknown = () => undefined): Promise<void> {
    await this.stop()
    await meanwhile()
    await this.start()
  }
}

const pdps = (): readonly RotatingPdp[] => [...plain, withTls]
const reloadAll = async () => [...new Set(await Promise.all(pdps().map((pdp) => pdp.reloader.now())))]

async function newPdpWithTls(name: string): Promise<RotatingPdp> {
  const pdp = new RotatingPdp(name, await freePort(), {
    PDP_TLS_CERT_FILE: join(folder, 'pdp-cert.pem'),
    PDP_TLS_KEY_FILE: join(folder, 'pdp-key.pem'),
    PDP_TLS_CLIENT_CA_FILE: join(folder, 'pdp-client-ca.pem'),
  })
  await pdp.start()
  return pdp
}

/** Replaces the PDPs without TLS one after the other. @param meanwhile - Called while one is down. */
async function replaceEach(meanwhile: (pdp: RotatingPdp) => unknown = () => undefined): Promise<void> {
  for (const pdp of plain) {
    await pdp.replace(() => meanwhile(pdp))
    await noneFailed()
  }
}

/** Asks without a pause. */
class Asker {
  readonly failures: string[] = []
  answered = 0
  #isOver = false
  readonly #running: Promise<void>

  /** @param ask - Resolves to what went wrong; `undefined` when the answer was right. */
  constructor(ask: () => Promise<string | undefined>) {
    this.#running = (async () => {
      while (!this.#isOver) {
        const failure = await ask().catch((error: unknown) => String(error))
        if (failure === undefined) this.answered += 1
        else this.failures.push(failure)
      }
    })()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }
}

const askers: Asker[] = []
const closing: (() => Promise<unknown>)[] = []

/** Waits until every asker has been answered after a step, and expects that no question has failed until then. */
async function noneFailed(): Promise<void> {
  const from = askers.map(({ answered }) => answered)
  const isAnswered = ({ answered, failures }: Asker, index: number): boolean =>
    failures.length > 0 || answered >= (from[index] ?? 0) + AFTER_A_STEP
  await vi.waitUntil(() => askers.every(isAnswered), { timeout: 20_000 })
  expect([...new Set(askers.flatMap(({ failures }) => failures))]).toEqual([])
}

/** What an enforcement point gets for the owner's question. */
async function problemOf(pep: Pep): Promise<string | undefined> {
  const headers = {
    authorization: `Bearer ${await issuer.token({ ...world.as('A'), aud: 'trips' })}`,
    'mandate-persona': 'traveler/family',
  }
  const decided = await pep.decide({
    headers,
    action: 'read',
    resource: { type: 'workflow', id: world.named.get('T') ?? '' },
  })
  return decided.permitted ? undefined : `${decided.problem.status} ${decided.problem.code}`
}

function pepOf(credentials: PepOptions['credentials']): Pep {
  const pdpUrl = plain.map(({ port }) => `http://127.0.0.1:${port}`)
  const logger = pino({ level: 'silent' })
  const pep = createPep({ issuer: issuer.issuer, audience: 'trips', pdpUrl, credentials, timeoutMs: 8_000, logger })
  return pep
}

/** Asks over a new mTLS connection. */
async function askOverTls(token: string): Promise<string | undefined> {
  const tls = {
    ca: read('client-ca.pem'),
    cert: read('client-cert.pem'),
    key: read('client-key.pem'),
    agent: false,
  } as const
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const url = `${tlsFront.url.replace('http:', 'https:')}/access/v1/evaluation`
  const body = JSON.stringify(world.question({ subject: 'A', action: 'read' }))
  return new Promise((resolve) => {
    request(url, { method: 'POST', headers, ...tls }, (res) => {
      resolve(res.statusCode === 200 ? undefined : `TLS: ${res.statusCode}`)
      res.resume()
    })
      .on('error', (error) => resolve(`TLS: ${error.message}`))
      .end(body)
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mandate-rotation-'))
  ;[postgres, issuer] = await Promise.all([startPostgres(), startIssuer()])
  const database = await postgres.createDatabase('openfga')
  const start = (...keys: readonly string[]) =>
    startOpenFga({ engine: 'postgres', postgresUrl: database, env: {}, apiToken: keys.join(',') })
  openFga = [await start(...openFgaKeys)]
  relations = await startTcpSwitch(openFga[0]?.url ?? '')
  write('openfga-key', openFgaKeys[0])
  await prepareDatabases()
  write('vault-key', vaultKeys[0])
  write('vault-old-keys', '')
  write('metadata-key', newMetadataKey())
  for (const authority of ['former', 'new']) makeCertificates(join(folder, authority), 'pdp', 'trips')
  for (const side of ['pdp', 'client'] as const) placeCertificates(side, 'former')
  plain = [new RotatingPdp('one', await freePort()), new RotatingPdp('two', await freePort())]
  withTls = await newPdpWithTls('three')
  for (const pdp of plain) await pdp.start()
  tlsFront = await startTcpSwitch(`http://127.0.0.1:${withTls.port}`)
  const call: TestPdp['call'] = (...of) => plain[0]?.tpdp.call(...of) ?? expect.unreachable('not started')
  world = new World({ call, now: Date.now, advance: () => undefined })
  await world.begin()
  issuer.clientSecrets.set('trips', 'the former secret')
}, 120_000)

afterAll(async () => {
  await Promise.all(askers.map((asker) => asker.stop()))
  await Promise.all(closing.map((close) => close()))
  for (const pdp of running) await pdp.stop()
  await relations?.stop()
  await tlsFront?.stop()
  await Promise.all(openFga.map((server) => server.stop()))
  await issuer?.stop()
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Two roles that log in, and one that owns everything: the tables of either are those of both. */
async function prepareDatabases(): Promise<void> {
  const index = await postgres.createDatabase('rotation_index')
  for (const role of ['pdp_a', 'pdp_b']) await makeRole(role)
  urls = { store: postgres.url, index, trips: await postgres.createDatabase('rotation_trips') }
  useRole('pdp_a')
  tripsDatabase = await openTripsDatabase(read('trips-url'))
  closing.push(tripsDatabase.close)
}
async function makeRole(role: string): Promise<void> {
  const owner = new URL(postgres.url).username
  const sql = `CREATE ROLE ${role} LOGIN PASSWORD '${role}-password' IN ROLE ${owner}; ALTER ROLE ${role} SET role = ${owner}`
  await postgres.query(postgres.url, sql)
}
const as = (username: string, url: string, password = `${username}-password`): string =>
  Object.assign(new URL(url), { username, password }).href

let urls: Readonly<Record<'store' | 'index' | 'trips', string>>
let tripsDatabase: PostgresDatabase

function useRole(username: string, password?: string): void {
  for (const [name, url] of Object.entries(urls)) write(`${name}-url`, as(username, url, password))
}

/** The certificate that one side shows, and whom it trusts. */
function placeCertificates(side: 'pdp' | 'client', own: string, trusted: readonly string[] = [own]): void {
  const ca = trusted.map((authority) => read(`${authority}/ca.pem`)).join('')
  const name = side === 'pdp' ? 'pdp' : 'trips'
  write(`${side}-cert.pem`, read(`${own}/${name}.pem`))
  write(`${side}-key.pem`, read(`${own}/${name}.key`))
  write(side === 'pdp' ? 'pdp-client-ca.pem' : 'client-ca.pem', ca)
}

test('before any rotation questions are answered', async () => {
  const token = await issuer.token(TRIPS)
  const withSecret = pepOf({ clientId: 'trips', clientSecret: () => read('client-secret').trim().split('\n') })
  const withKey = pepOf({ apiKey: () => read('api-key') })
  write('client-secret', 'the former secret')
  write('api-key', (await makeApiKey()).key)
  // A new account of the service for each question: none goes on with a token that it has.
  const withoutToken = async (): Promise<string | undefined> => {
    const pep = pepOf({ clientId: 'trips', clientSecret: () => read('client-secret').trim().split('\n') })
    return problemOf(pep).finally(() => pep.close())
  }
  for (const ask of [
    () => problemOf(withSecret),
    () => problemOf(withKey),
    withoutToken,
    askTripsDatabase,
    () => askOverTls(token),
  ])
    askers.push(new Asker(ask))
  closing.push(withSecret.close, withKey.close)
  await noneFailed()
})

async function askTripsDatabase(): Promise<string | undefined> {
  const rows = await tripsDatabase.transaction((sql) => sql.rows('SELECT 1'))
  return rows.length === 1 ? undefined : 'trips: no row'
}

async function makeApiKey(): Promise<{ readonly id: string; readonly key: string }> {
  const expires_at = new Date(Date.now() + 24 * HOUR_MS).toISOString()
  const body = { name: 'a gateway', types: ['workflow', 'workflow_item'], expires_at }
  const answer = await world.call('POST', '/v1/keys', world.staff('operator'), body)
  expect(answer.status).toBe(201)
  return answer.body
}

test('client secret: the service has both, then the identity provider has the new one', async () => {
  write('client-secret', 'the new secret\nthe former secret\n')
  await noneFailed()
  issuer.clientSecrets.set('trips', 'the new secret')
  await noneFailed()
  write('client-secret', 'the new secret')
  await noneFailed()
})

test('API key: the service has the new one before the former is revoked', async () => {
  const { items } = (await world.call('GET', '/v1/keys', world.staff('operator'))).body
  write('api-key', (await makeApiKey()).key)
  await noneFailed()
  for (const { id } of items)
    expect((await world.call('DELETE', `/v1/keys/${id}`, world.staff('operator'))).status).toBe(204)
  await noneFailed()
})

test('token-signing key: verifiers fetch the key set for a token of a new key', async () => {
  await issuer.replaceKey()
  await noneFailed()
})

test('OpenFGA: it takes both keys, the PDPs the new one, and then it takes that alone, as another role of its database', async () => {
  expect(await reloadAll()).toEqual(['unchanged'])
  write('openfga-key', 'a key that OpenFGA does not have')
  expect(await reloadAll()).toEqual(['refused'])
  await noneFailed()
  write('openfga-key', openFgaKeys[1])
  expect(await reloadAll()).toEqual(['applied'])
  await noneFailed()
  await makeRole('openfga_b')
  const postgresUrl = Object.assign(new URL(as('openfga_b', postgres.url)), { pathname: '/openfga' }).href
  openFga.push(await startOpenFga({ engine: 'postgres', postgresUrl, env: {}, apiToken: openFgaKeys[1] }))
  relations.to(openFga[1]?.url ?? '')
  await openFga[0]?.kill('SIGTERM')
  await noneFailed()
  expect((await world.grant({ from: 'A', to: 'B', actions: ['read'] })).status).toBe(201)
})

test('database password: of two roles the other one gets it, and the former is locked', async () => {
  await postgres.query(postgres.url, "ALTER ROLE pdp_b PASSWORD 'a new password'")
  useRole('pdp_b', 'a mistyped password')
  expect(await reloadAll()).toEqual(['refused'])
  await expect(tripsDatabase.prepareUrl(read('trips-url'))).rejects.toThrow(
    'TRIPS_DATABASE_URL: password authentication',
  )
  await noneFailed()
  useRole('pdp_b', 'a new password')
  expect(await reloadAll()).toEqual(['applied'])
  const apply = await tripsDatabase.prepareUrl(read('trips-url'))
  apply()
  await postgres.query(postgres.url, 'ALTER ROLE pdp_a NOLOGIN')
  await noneFailed()
  const connections = `SELECT count(*) FROM pg_stat_activity WHERE usename = 'pdp_b' AND application_name LIKE 'mandate-%'`
  expect((await world.grant({ from: 'A', to: 'C', actions: ['read'] })).status).toBe(201)
  await expect.poll(async () => Number(await postgres.query(postgres.url, connections))).toBeGreaterThan(0)
  const former = `SELECT count(*) FROM pg_stat_activity WHERE usename = 'pdp_a' AND application_name = 'trips'`
  await expect.poll(async () => Number(await postgres.query(postgres.url, former))).toBe(0)
  const page = await world.call('GET', '/v1/decisions?limit=1', world.staff('auditor'))
  expect(page.status).toBe(200)
})

/** Verifies the metadata of one PDP by keys that were fetched from another one, as behind one address in front of both. */
async function verifyMetadata(): Promise<string | undefined> {
  const [from, keysOf] = [...plain, ...plain.toReversed()].splice(Math.random() < 0.5 ? 0 : 2, 2)
  const response = await fetch(`http://127.0.0.1:${from?.port}/.well-known/authzen-configuration`)
  const { signed_metadata } = (await response.json()) as { readonly signed_metadata: string }
  const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${keysOf?.port}/.well-known/jwks.json`))
  await jwtVerify(signed_metadata, keys, { issuer: 'https://pdp.invalid' })
  return undefined
}

test('metadata key: all PDPs serve both public keys before one signs with the new one', async () => {
  const [former, next] = [read('metadata-key'), newMetadataKey()]
  const asker = new Asker(verifyMetadata)
  askers.push(asker)
  await noneFailed()
  write('metadata-key', 'no key')
  expect(await reloadAll()).toEqual(['refused'])
  for (const keys of [`${former}${next}`, `${next}${former}`, next]) {
    write('metadata-key', keys)
    for (const { reloader } of plain) {
      expect(await reloader.now()).toBe('applied')
      await noneFailed()
    }
  }
  write('metadata-key', newMetadataKey())
  expect(await plain[0]?.reloader.now()).toBe('applied')
  await expect.poll(() => asker.failures).toContainEqual(expect.stringContaining('JWKSNoMatchingKey'))
  expect(await plain[1]?.reloader.now()).toBe('applied')
  askers.pop()
  await asker.stop()
})

test('certificates: either side trusts both authorities while certificates of the new one replace those of the former', async () => {
  placeCertificates('pdp', 'former', ['former', 'new'])
  placeCertificates('client', 'former', ['former', 'new'])
  expect(await withTls.reloader.now()).toBe('applied')
  await noneFailed()
  write('pdp-cert.pem', read('new/pdp.pem'))
  expect(await withTls.reloader.now()).toBe('refused')
  await noneFailed()
  placeCertificates('pdp', 'new', ['former', 'new'])
  expect(await withTls.reloader.now()).toBe('applied')
  placeCertificates('client', 'new', ['former', 'new'])
  await noneFailed()
  placeCertificates('pdp', 'new')
  placeCertificates('client', 'new')
  expect(await withTls.reloader.now()).toBe('applied')
  await noneFailed()
})

test('vault key and log keys: the PDPs are replaced one after the other', { timeout: 120_000 }, async () => {
  // It would need a third of its kind.
  await askers.pop()?.stop()
  await withTls.stop()
  const files = nodeFiles()
  const changes = new Map<string, { readonly newest: string; readonly other: string }>()
  const checkpoints = new Map<string, string[]>()
  const keepCheckpoint = ({ name, dataDir }: RotatingPdp): string => {
    const text = readFileSync(join(dataDir, 'log/checkpoint'), 'utf8')
    checkpoints.set(name, [...(checkpoints.get(name) ?? []), text])
    return text
  }
  // Each PDP has the new vault key before one uses it.
  write('vault-old-keys', vaultKeys[1])
  await replaceEach(async (pdp) => {
    keepCheckpoint(pdp)
    changes.set(pdp.name, await rotateKey(files, pdp.dataDir))
  })
  write('vault-key', vaultKeys[1])
  write('vault-old-keys', vaultKeys[0])
  await replaceEach((pdp) => retireKey(files, pdp.dataDir, keepCheckpoint(pdp)))
  write('vault-old-keys', '')
  const logs = new Map<string, readonly unknown[]>()
  await replaceEach(async (pdp) => {
    keepCheckpoint(pdp)
    const { newest = '', other = '' } = changes.get(pdp.name) ?? {}
    const [next, former] = [await parseVerifierKey(newest), await parseVerifierKey(other)]
    const directory = join(pdp.dataDir, 'log')
    const { findings } = await verifyDirectory({ directory, keys: [next, former] })
    const verdicts = (checkpoints.get(pdp.name) ?? []).map(async (text) => [
      (await verifyCheckpoint(text, [former])).ok,
      (await verifyCheckpoint(text, [next])).ok,
    ])
    logs.set(pdp.name, [findings, ...(await Promise.all(verdicts))])
  })
  // Checkpoints from before, from between and from after: whether the former key verifies them, and the new one.
  const verified = [[], [true, false], [true, true], [false, true]]
  expect([...logs]).toEqual([
    ['one', verified],
    ['two', verified],
  ])
  const known = await world.call('GET', '/v1/personas', world.as('A'))
  expect(known.body.items).not.toEqual([])
})

test('without overlap questions fail, and the askers see it', async () => {
  issuer.clientSecrets.set('trips', 'a secret that the service does not have')
  const asker = askers[2] ?? expect.unreachable('not started')
  await expect.poll(() => asker.failures.length).toBeGreaterThan(0)
  issuer.clientSecrets.set('trips', 'the new secret')
  const { answered } = asker
  // Then no question from before is under way any more.
  await vi.waitUntil(() => asker.answered > answered, { timeout: 20_000 })
  for (const { failures } of askers) failures.length = 0
  await noneFailed()
})
