/**
 * Where everything runs: one PostgreSQL whose writes are synced, one OpenFGA on it, an issuer of tokens, and as many PDPs as a part needs.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  freePort,
  type OpenFga,
  type Postgres,
  type Service,
  spawnService,
  startOpenFga,
  startPostgres,
} from '@mandate/stack'
import { Pool } from 'undici'
import type { SqlStores } from '../../../pdp/src/store/stores.ts'
import { startIssuer, type TestIssuer } from '../../fixtures/issuer.ts'
import { TRIPS } from '../../fixtures/pdp.ts'
import type { World } from '../../fixtures/world.ts'
import { askPdp, type Endpoint } from '../cases.ts'
import { withStores } from '../ground.ts'
import { type Asked, furnish, questions } from '../story.ts'
import type { Timed } from './timing.ts'

/** Longest lifetime that the PDP accepts: an access token of at most 15 minutes. */
const TOKEN_SECONDS = 840
const CONNECTIONS = 64
const NO_LIMIT = '1000000'

export interface PdpOptions {
  /** Distinguishes PDPs of one store. @default 'one' */
  readonly name?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A running PDP process. */
export interface RunningPdp extends Endpoint {
  readonly url: string
  readonly service: Service
  readonly stop: () => Promise<void>
}

export interface Place {
  readonly postgres: Postgres
  readonly openFga: OpenFga
  readonly issuer: TestIssuer
  readonly dir: string
  /** Whether PDPs of several names share one database: else a second one is refused the store of OpenFGA. */
  readonly isShared: boolean
  readonly onShutdown: (work: () => Promise<void>) => void
  startPdp(options?: PdpOptions): Promise<RunningPdp>
  /** Folder of a PDP's data and log. */
  dataDirOf(name: string): string
  /** The environment that a PDP of this name runs with. */
  environmentOf(name: string): Readonly<Record<string, string>>
  withStores<T>(work: (stores: SqlStores) => Promise<T>): Promise<T>
  analyze(): Promise<void>
}

/** @param store - Of the PDP's own data. OpenFGA is on PostgreSQL either way. */
export async function preparePlace(store: 'sqlite' | 'postgres', closing: AsyncDisposableStack): Promise<Place> {
  // On the disk of the working copy: what is under /tmp may be memory, where a sync costs nothing.
  const state = join(process.cwd(), '.mandate')
  mkdirSync(state, { recursive: true })
  const dir = mkdtempSync(join(state, 'bench-'))
  closing.defer(() => rmSync(dir, { recursive: true, force: true }))
  const postgres = await startPostgres({ settings: { fsync: 'on', max_connections: '300' } })
  closing.defer(() => postgres.stop())
  const openFga = await startOpenFga({ engine: 'postgres', postgresUrl: postgres.url, env: {} })
  closing.defer(() => openFga.stop())
  const issuer = await startIssuer()
  closing.defer(() => issuer.stop())
  const storeUrl = store === 'postgres' ? await postgres.createDatabase('pdp_store') : undefined
  const vaultKey = randomBytes(32).toString('hex')
  const dataDirOf = (name: string): string => join(dir, name)
  const environmentOf = (name: string): Readonly<Record<string, string>> => ({
    PDP_PORT: '0',
    PDP_ISSUER: issuer.issuer,
    PDP_DATA_DIR: dataDirOf(name),
    PDP_LOG_ORIGIN: `${name}.bench.invalid/log`,
    PDP_SERVICES: 'trips=workflow+workflow_item+travel_account',
    PDP_VAULT_KEY: vaultKey,
    PDP_SERVICE_PER_SECOND: NO_LIMIT,
    PDP_ADDRESS_PER_SECOND: NO_LIMIT,
    PDP_PERSON_PER_MINUTE: NO_LIMIT,
    PDP_PERSON_BURST: NO_LIMIT,
    OPENFGA_URL: openFga.url,
    OPENFGA_API_TOKEN: openFga.apiToken,
    OPENFGA_DEADLINE_MS: '10000',
    LOG_LEVEL: 'error',
    ...(storeUrl === undefined ? {} : { PDP_STORE_URL: storeUrl }),
  })
  return {
    postgres,
    openFga,
    issuer,
    dir,
    isShared: storeUrl !== undefined,
    onShutdown: (work) => closing.defer(work),
    startPdp: ({ name = 'one', env = {} } = {}) => startPdp({ ...environmentOf(name), ...env }, name, dir, issuer),
    dataDirOf,
    environmentOf,
    withStores: (work) => withStores(environmentOf('one'), work),
    analyze: async () => void (await postgres.query(postgres.url, 'ANALYZE')),
  }
}

async function startPdp(
  env: Readonly<Record<string, string>>,
  name: string,
  dir: string,
  issuer: TestIssuer,
): Promise<RunningPdp> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const service = await spawnService({
    name: `pdp-${name}`,
    entry: 'pdp/src/main.ts',
    readyUrl: `${url}/readyz`,
    readyTimeoutMs: 120_000,
    logFile: join(dir, `${name}.log`),
    env: { ...env, PDP_PORT: String(port) },
  })
  const pool = new Pool(url, { connections: CONNECTIONS })
  const token = await issuer.token({ ...TRIPS, lifetime: TOKEN_SECONDS })
  const stop = async (): Promise<void> => {
    await pool.destroy()
    await service.stop()
  }
  return { url, service, pool, token, stop }
}

/** The people who are asked about: made once, through a PDP's own interface. */
export async function furnishPlace(place: Place): Promise<World> {
  const pdp = await place.startPdp()
  try {
    return await furnish({ pdpUrl: pdp.url, issuer: place.issuer })
  } finally {
    await pdp.stop()
  }
}

/** A question of the world, ready to be timed. @throws TypeError for a name that no question has. */
export function questionTo(pdp: RunningPdp, world: World, name: string): Timed {
  const asked = findQuestion(world, name)
  return {
    system: 'Mandate',
    name,
    once: () => askPdp(pdp, asked),
    pids: () => [pdp.service.pid()],
  }
}

export function findQuestion(world: World, name: string): Asked {
  const asked = questions(world, { resources: 0, visible: 0, held: 0 }).find((one) => one.name === name)
  if (!asked) throw new TypeError(`bench: no question is called ${name}`)
  return asked
}
