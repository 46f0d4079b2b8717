/**
 * What one database is measured on: an OpenFGA, an issuer of tokens, and the PDP as a process of its own that can be stopped and started.
 *
 * @module
 */
import { closeSync, cpSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '@mandate/pdp'
import {
  freePort,
  type OpenFga,
  type OpenFgaEngine,
  type Service,
  spawnService,
  startOpenFga,
  startPostgres,
} from '@mandate/stack'
import { openStores } from '../../pdp/src/store/open.ts'
import type { SqlStores } from '../../pdp/src/store/stores.ts'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'

export interface Ground {
  readonly engine: OpenFgaEngine
  readonly openFga: OpenFga
  readonly issuer: TestIssuer
  /** Where the PDP listens whenever one runs. */
  readonly pdpUrl: string
  /** The PDP's own data. Only to be touched while none runs. */
  readonly dataDir: string
  /** Works in the PDP's own database while no PDP is running. */
  withStores<T>(work: (stores: SqlStores) => Promise<T>): Promise<T>
  /** @param openFgaUrl - Where it thinks OpenFGA is. */
  startPdp(openFgaUrl: string): Promise<Service>
  /** Beside one that runs: on a copy of its data as they are now, with a log that is written nowhere. */
  startUnlogged(openFgaUrl: string): Promise<{ readonly url: string; readonly service: Service }>
  /** Statistics for the database's planner: neither plans well right after a load without. */
  analyze(): Promise<void>
  stop(): Promise<void>
}

export async function prepareGround(engine: OpenFgaEngine): Promise<Ground> {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-bench-'))
  const postgres = engine === 'postgres' ? await startPostgres() : undefined
  const openFga = await startOpenFga({ engine, ...(postgres ? { postgresUrl: postgres.url } : {}) })
  const issuer = await startIssuer()
  const port = await freePort()
  const pdpUrl = `http://127.0.0.1:${port}`
  const dataDir = join(dir, 'pdp')
  const env = {
    PDP_PORT: String(port),
    PDP_ISSUER: issuer.issuer,
    PDP_DATA_DIR: dataDir,
    PDP_LOG_ORIGIN: 'bench.invalid/log',
    PDP_SERVICES: 'trips=workflow+workflow_item+travel_account',
    OPENFGA_API_TOKEN: openFga.apiToken,
    OPENFGA_DEADLINE_MS: '10000',
    LOG_LEVEL: 'error',
  }
  return {
    engine,
    openFga,
    issuer,
    pdpUrl,
    dataDir,
    withStores: (work) => withStores({ ...env, OPENFGA_URL: openFga.url }, work),
    startPdp: (openFgaUrl) =>
      spawnService({
        name: 'pdp',
        entry: 'pdp/src/main.ts',
        readyUrl: `${pdpUrl}/readyz`,
        logFile: join(dir, 'pdp.log'),
        env: { ...env, OPENFGA_URL: openFgaUrl },
      }),
    startUnlogged: async (openFgaUrl) => {
      const other = await freePort()
      const url = `http://127.0.0.1:${other}`
      const copy = join(dir, 'unlogged')
      cpSync(dataDir, copy, { recursive: true })
      const service = await spawnService({
        name: 'pdp-unlogged',
        entry: 'test/bench/unlogged.ts',
        readyUrl: `${url}/readyz`,
        logFile: join(dir, 'unlogged.log'),
        env: { ...env, PDP_PORT: String(other), PDP_DATA_DIR: copy, OPENFGA_URL: openFgaUrl },
      })
      return { url, service }
    },
    analyze: async () => {
      openFga.analyze()
      await postgres?.query(postgres.url, 'ANALYZE')
    },
    stop: async () => {
      await openFga.stop()
      await postgres?.stop()
      await issuer.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Works in the database of a PDP with this environment. */
export async function withStores<T>(
  env: Readonly<Record<string, string>>,
  work: (stores: SqlStores) => Promise<T>,
): Promise<T> {
  await using closing = new AsyncDisposableStack()
  const { config } = parseConfig(env, (path) => readFileSync(path, 'utf8'))
  const watch = { now: Date.now, onBeat: () => undefined, onReplaced: () => undefined }
  return await work(await openStores(config, Date.now, watch, closing))
}

/** What one `fdatasync` of a small append costs on the disk of a folder, in milliseconds: the median of fifty. */
export function syncCost(folder = tmpdir()): number {
  const dir = mkdtempSync(join(folder, 'mandate-bench-'))
  const file = openSync(join(dir, 'sync'), 'w')
  const costs = Array.from({ length: 50 }, () => {
    writeSync(file, Buffer.alloc(512, 1))
    const begin = performance.now()
    fdatasyncSync(file)
    return performance.now() - begin
  })
  closeSync(file)
  rmSync(dir, { recursive: true })
  return costs.sort((a, b) => a - b)[25] ?? 0
}

/** Memory that a process holds, in MB; `undefined` where the system does not say. */
export function residentMb(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
  } catch {
    return undefined
  }
}
