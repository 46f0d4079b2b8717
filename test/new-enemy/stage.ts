/**
 * The processes of the new-enemy test: PostgreSQL, OpenFGA on a database of it, and PDPs on another, each behind lines of its own that can be cut.
 *
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
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
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'
import { packFolder } from '../fixtures/packs.ts'
import { createCall, environment, type TestPdp } from '../fixtures/pdp.ts'
import { type Line, startLine } from './line.ts'

const SHIPPED = new URL('../../pdp/policies/', import.meta.url).pathname

export interface StagedPdp {
  readonly url: string
  readonly service: Service
  readonly call: TestPdp['call']
  /** Folder of its decision log and keys. */
  readonly dataDir: string
  /** Its lines to PostgreSQL, to OpenFGA and to the issuer's keys. */
  readonly lines: { readonly postgres: Line; readonly openFga: Line; readonly issuer: Line }
}

export interface Stage {
  readonly pdps: readonly StagedPdp[]
  readonly issuer: TestIssuer
  readonly postgres: Postgres
  readonly openFga: OpenFga
  /** OpenFGA's line to PostgreSQL. */
  readonly storeLine: Line
  /** Temporary folder of the stage, removed by `stop`. */
  readonly folder: string
  /** Folder of the pack `travel` that the PDPs load. */
  readonly travel: string
  stop(): Promise<void>
}

export interface StageOptions {
  readonly pdps: number
  /** Whether requests pass the read barrier; without it memory is updated some time later. */
  readonly barrier: 'on' | 'off'
  /** Program of the PDPs, relative to the clone. @default the PDP's own */
  readonly entry?: string
  /** Further settings of one PDP. */
  readonly env?: (index: number) => Readonly<Record<string, string>>
}

export async function startStage(options: StageOptions): Promise<Stage> {
  const { pdps: count, barrier } = options
  const folder = mkdtempSync(join(tmpdir(), 'mandate-new-enemy-'))
  const cleanUp: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const clean of cleanUp.toReversed()) await clean()
  }
  try {
    const postgres = await startPostgres()
    cleanUp.push(() => postgres.stop())
    const storeLine = await lineTo(postgres.url)
    cleanUp.push(() => storeLine.stop())
    const postgresUrl = throughLine(await postgres.createDatabase('openfga'), storeLine)
    const openFga = await startOpenFga({ engine: 'postgres', postgresUrl, env: {} })
    cleanUp.push(() => openFga.stop())
    const issuer = await startIssuer()
    cleanUp.push(() => issuer.stop())
    const travel = join(folder, 'travel')
    cpSync(`${SHIPPED}travel`, travel, { recursive: true })
    const shared = {
      OPENFGA_STORE: `new-enemy-${randomUUID()}`,
      PDP_VAULT_KEY: randomBytes(32).toString('base64'),
      ...(barrier === 'off' ? { PDP_TEST_READ_BARRIER: 'off' } : {}),
    }
    const pdps: StagedPdp[] = []
    for (let index = 0; index < count; index += 1)
      pdps.push(await startPdp(index, { folder, postgresUrl: postgres.url, openFga, issuer, shared, cleanUp, options }))
    return { pdps, issuer, postgres, openFga, storeLine, folder, travel, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Ground {
  readonly folder: string
  readonly postgresUrl: string
  readonly openFga: OpenFga
  readonly issuer: TestIssuer
  readonly shared: Readonly<Record<string, string>>
  readonly cleanUp: (() => unknown)[]
  readonly options: StageOptions
}

async function startPdp(index: number, ground: Ground): Promise<StagedPdp> {
  const { folder, openFga, issuer, cleanUp, options } = ground
  const lines = {
    postgres: await lineTo(ground.postgresUrl),
    openFga: await lineTo(openFga.url),
    issuer: await lineTo(issuer.issuer),
  }
  for (const line of Object.values(lines)) cleanUp.push(() => line.stop())
  const dataDir = join(folder, `data-${index}`)
  const url = `http://127.0.0.1:${await freePort()}`
  const service = await spawnService({
    name: `pdp-${index}`,
    entry: options.entry ?? 'pdp/src/main.ts',
    env: {
      ...environment({ url: throughLine(openFga.url, lines.openFga), apiToken: openFga.apiToken }, issuer, dataDir),
      ...ground.shared,
      PDP_STORE_URL: throughLine(ground.postgresUrl, lines.postgres),
      PDP_LOG_ORIGIN: `pdp-${index}.test.invalid/log`,
      PDP_PORT: new URL(url).port,
      PDP_PACKS: [packFolder('certification'), join(folder, 'travel')].join(','),
      PDP_SERVICES: 'records=record,trips=workflow+workflow_item+travel_account',
      PDP_PERSON_PER_MINUTE: '60000',
      PDP_PERSON_BURST: '60000',
      PDP_SERVICE_PER_SECOND: '100000',
      PDP_ADDRESS_PER_SECOND: '100000',
      OPENFGA_DEADLINE_MS: '2000',
      PDP_JWKS_URL: `${throughLine(issuer.issuer, lines.issuer)}/certs`,
      LOG_LEVEL: 'warn',
      ...options.env?.(index),
    },
    readyUrl: `${url}/readyz`,
    readyTimeoutMs: 90_000,
    logFile: join(folder, `pdp-${index}.log`),
  })
  cleanUp.push(() => service.kill())
  return { url, service, dataDir, lines, call: createCall(() => url, issuer) }
}

export const lineTo = (url: string): Promise<Line> => {
  const { hostname, port } = new URL(url)
  return startLine({ host: hostname, port: Number(port) })
}

/** The same address through a line. */
export function throughLine(url: string, line: Line): string {
  const through = new URL(url)
  through.port = String(line.port)
  return through.href.replace(/\/$/u, '')
}
