/**
 * The processes of the new-enemy test: PostgreSQL, OpenFGA on a database of it, and PDPs on another, each behind lines of its own that can be cut.
 *
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type OpenFga, type Service, spawnService, startOpenFga, startPostgres } from '@mandate/stack'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'
import { packFolder } from '../fixtures/packs.ts'
import { createCall, environment, type TestPdp } from '../fixtures/pdp.ts'
import { type Line, startLine } from './line.ts'

const SHIPPED = new URL('../../pdp/policies/', import.meta.url).pathname

export interface StagedPdp {
  readonly url: string
  readonly service: Service
  readonly call: TestPdp['call']
  /** Its lines to PostgreSQL and to OpenFGA. */
  readonly lines: { readonly postgres: Line; readonly openFga: Line }
}

export interface Stage {
  readonly pdps: readonly StagedPdp[]
  readonly issuer: TestIssuer
  /** Folder of the pack `travel` that the PDPs load. */
  readonly travel: string
  stop(): Promise<void>
}

export interface StageOptions {
  readonly pdps: number
  /** Whether requests pass the read barrier; without it memory is updated some time later. */
  readonly barrier: 'on' | 'off'
}

export async function startStage({ pdps: count, barrier }: StageOptions): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-new-enemy-'))
  const cleanUp: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const clean of cleanUp.toReversed()) await clean()
  }
  try {
    const postgres = await startPostgres()
    cleanUp.push(() => postgres.stop())
    const openFga = await startOpenFga({
      engine: 'postgres',
      postgresUrl: await postgres.createDatabase('openfga'),
      env: {},
    })
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
      pdps.push(await startPdp(index, { folder, postgresUrl: postgres.url, openFga, issuer, shared, cleanUp }))
    return { pdps, issuer, travel, stop }
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
}

async function startPdp(index: number, ground: Ground): Promise<StagedPdp> {
  const { folder, openFga, issuer, cleanUp } = ground
  const lines = { postgres: await lineTo(ground.postgresUrl), openFga: await lineTo(openFga.url) }
  cleanUp.push(
    () => lines.postgres.stop(),
    () => lines.openFga.stop(),
  )
  const url = `http://127.0.0.1:${await freePort()}`
  const service = await spawnService({
    name: `pdp-${index}`,
    entry: 'pdp/src/main.ts',
    env: {
      ...environment(
        { url: throughLine(openFga.url, lines.openFga), apiToken: openFga.apiToken },
        issuer,
        join(folder, `data-${index}`),
      ),
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
      LOG_LEVEL: 'warn',
    },
    readyUrl: `${url}/readyz`,
    readyTimeoutMs: 90_000,
    logFile: join(folder, `pdp-${index}.log`),
  })
  cleanUp.push(() => service.kill())
  return { url, service, lines, call: createCall(() => url, issuer) }
}

const lineTo = (url: string): Promise<Line> => {
  const { hostname, port } = new URL(url)
  return startLine({ host: hostname, port: Number(port) })
}

function throughLine(url: string, line: Line): string {
  const through = new URL(url)
  through.port = String(line.port)
  return through.href.replace(/\/$/u, '')
}
