/**
 * Each secret is rotated while services ask all the time, and no question fails. Three PDPs, one of them with mTLS, on one PostgreSQL and one OpenFGA. What can
 * be taken from files again is; for the rest the PDPs are replaced one after the other (docs/rotation.md).
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
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
import { ROOT } from '../support/compose-file.ts'
import { makeCertificates } from '../support/tls-front.ts'

const HOUR_MS = 3_600_000
/** A busy machine makes three PDPs slow. */
const WAIT_MS = 90_000
vi.setConfig({ testTimeout: 2 * WAIT_MS })
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
      PDP_STORE_URL_FILE: join(folder, 'pdp_store_url'),
      PDP_INDEX_URL_FILE: join(folder, 'pdp_index_url'),
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

const formerApiKeys: string[] = []
const askers: Asker[] = []
const closing: (() => Promise<unknown>)[] = []

/** Waits until every asker has been answered after a step, and expects that no question has failed until then. */
async function noneFailed(): Promise<void> {
  const from = askers.map(({ answered }) => answered)
  const isAnswered = ({ answered, failures }: Asker, index: number): boolean =>
    failures.length > 0 || answered >= (from[index] ?? 0) + AFTER_A_STEP
  await vi.waitUntil(() => askers.every(isAnswered), { timeout: WAIT_MS })
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
  writeFileSync(join(folder, 'docker'), DOCKER, { mode: 0o700 })
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

/** Roles that own their databases, as in `deploy/postgres`, and the superuser of `deploy/rotate.sh`. */
async function prepareDatabases(): Promise<void> {
  const index = await postgres.createDatabase('rotation_index')
  urls = {
    pdp_store_url: postgres.url,
    pdp_index_url: index,
    trips_database_url: await postgres.createDatabase('trips'),
  }
  write('postgres_password', newSecret())
  await postgres.query(postgres.url, `CREATE ROLE postgres SUPERUSER LOGIN PASSWORD '${read('postgres_password')}'`)
  for (const [name, url] of Object.entries(urls)) {
    const [role] = name.split('_')
    const database = new URL(url).pathname.slice(1)
    await postgres.query(
      postgres.url,
      `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN
         CREATE ROLE ${role} LOGIN PASSWORD '${role}-password'; END IF; END $$;
       ALTER DATABASE ${database} OWNER TO ${role}`,
    )
    write(name, as(role ?? '', url))
  }
  tripsDatabase = await openTripsDatabase(read('trips_database_url'))
  closing.push(tripsDatabase.close)
}
const as = (username: string, url: string, password = `${username}-password`): string =>
  Object.assign(new URL(url), { username, password }).href

let urls: Readonly<Record<'pdp_store_url' | 'pdp_index_url' | 'trips_database_url', string>>
let tripsDatabase: PostgresDatabase

/** In place of Docker: SQL goes to PostgreSQL, a signal leaves a file, and services have taken their files when there is a file that says so. */
const DOCKER = `#!/bin/sh
for last; do :; done
case "$*" in
  *'exec -T postgres'*) exec bash -c "$last" ;;
  *'kill --signal HUP'*) : > "$MANDATE_SECRETS_DIR/hang-up" ;;
  *logs*) [ ! -e "$MANDATE_SECRETS_DIR/taken" ] || echo '"outcome":"applied"' ;;
esac
`

/** Runs `deploy/rotate.sh`. @param take - Has the services read their files, as their signal does. */
async function rotate(args: readonly string[], take: () => Promise<unknown>): Promise<void> {
  for (const name of ['hang-up', 'taken']) rmSync(join(folder, name), { force: true })
  const env = {
    PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
    MANDATE_SECRETS_DIR: folder,
    PGPORT: new URL(postgres.url).port,
  }
  const running = promisify(execFile)(join(ROOT, 'deploy/rotate.sh'), args, { env })
  await Promise.race([running, vi.waitUntil(() => existsSync(join(folder, 'hang-up')), { timeout: WAIT_MS })])
  await take()
  write('taken', '')
  await running
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
  formerApiKeys.push(read('api-key'))
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
  const owner = new URL(postgres.url).username
  const role = `CREATE ROLE openfga_b LOGIN PASSWORD 'openfga_b-password' IN ROLE ${owner}; ALTER ROLE openfga_b SET role = ${owner}`
  await postgres.query(postgres.url, role)
  const postgresUrl = Object.assign(new URL(as('openfga_b', postgres.url)), { pathname: '/openfga' }).href
  openFga.push(await startOpenFga({ engine: 'postgres', postgresUrl, env: {}, apiToken: openFgaKeys[1] }))
  relations.to(openFga[1]?.url ?? '')
  await openFga[0]?.kill('SIGTERM')
  await noneFailed()
  expect((await world.grant({ from: 'A', to: 'B', actions: ['read'] })).status).toBe(201)
})

test('database passwords: of two roles the other one gets it, and the former loses its own', async () => {
  const former = { pdp: read('pdp_store_url'), trips: read('trips_database_url') }
  write('pdp_store_url', as('pdp', urls.pdp_store_url, 'a mistyped password'))
  expect(await reloadAll()).toEqual(['refused'])
  await expect(tripsDatabase.prepareUrl(as('trips', former.trips, 'a mistyped password'))).rejects.toThrow(
    'TRIPS_DATABASE_URL: password authentication',
  )
  await noneFailed()
  await rotate(['database', 'pdp'], async () => {
    expect(await reloadAll()).toEqual(['applied'])
    await noneFailed()
  })
  await rotate(['database', 'trips'], async () => {
    const apply = await tripsDatabase.prepareUrl(read('trips_database_url'))
    apply()
    await noneFailed()
  })
  await noneFailed()
  for (const url of Object.values(former))
    await expect(postgres.query(url, 'SELECT 1')).rejects.toThrow('password authentication failed')
  await rotate(['database', 'postgres'], async () => undefined)
  await postgres.query(as('postgres', postgres.url, read('postgres_password')), 'SELECT 1')
  const connections = (role: string) => `SELECT count(*) FROM pg_stat_activity WHERE usename = '${role}'`
  expect((await world.grant({ from: 'A', to: 'C', actions: ['read'] })).status).toBe(201)
  await expect.poll(async () => Number(await postgres.query(postgres.url, connections('pdp_a')))).toBeGreaterThan(0)
  await expect.poll(async () => Number(await postgres.query(postgres.url, connections('trips')))).toBe(0)
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

test('a former value is refused once its rotation is over', async () => {
  const { port } = plain[0] ?? expect.unreachable('not started')
  for (const key of formerApiKeys) {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const body = JSON.stringify(world.question({ subject: 'A', action: 'read' }))
    const asked = await fetch(`http://127.0.0.1:${port}/access/v1/evaluation`, { method: 'POST', headers, body })
    expect(asked.status).toBe(401)
  }
  const stores = `${openFga[1]?.url}/stores`
  const withKey = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })
  expect((await fetch(stores, withKey(openFgaKeys[1]))).status).toBe(200)
  expect((await fetch(stores, withKey(openFgaKeys[0]))).status).toBe(401)
  const token = await issuer.token(TRIPS)
  placeCertificates('client', 'former', ['new'])
  await askers.pop()?.stop()
  expect(await askOverTls(token)).toMatch(/^TLS: (?!\d)/u)
  placeCertificates('client', 'new')
  expect(await askOverTls(token)).toBeUndefined()
})

test('vault key and log keys: the PDPs are replaced one after the other', async () => {
  // Its asker has ended: it would need a third of its kind.
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
  await vi.waitUntil(() => asker.answered > answered, { timeout: WAIT_MS })
  for (const { failures } of askers) failures.length = 0
  await noneFailed()
})
