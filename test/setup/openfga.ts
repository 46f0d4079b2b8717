/**
 * Vitest global set-up of `contract` and `integration`: one real OpenFGA for the whole project. Tests share the server
 * and create a store each. `MANDATE_TEST_STORE` chooses the engine: `memory` (default), `sqlite` or `postgres`; with `postgres`, the PDPs of
 * `startTestPdp` have their databases on the same server.
 *
 * @module
 */
import { type OpenFgaEngine, startOpenFga, startPostgres } from '@mandate/stack'
import type { TestProject } from 'vitest/node'
import { NOWHERE, startOrExplain } from './without-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** `inject('openFga')`: where the shared server is; `postgres`: URL of the PostgreSQL server on which each test PDP gets a database. */
    readonly openFga: {
      readonly url: string
      readonly apiToken: string
      readonly engine: string
      readonly postgres: string | undefined
    }
  }
}

export default function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = engineOf(process.env['MANDATE_TEST_STORE'])
  return startOrExplain(project, {
    start: () => start(project, engine),
    provideNothing: () => project.provide('openFga', { url: NOWHERE, apiToken: '', engine, postgres: undefined }),
  })
}

async function start(project: TestProject, engine: OpenFgaEngine): Promise<() => Promise<void>> {
  const postgres =
    engine === 'postgres' ? await startPostgres({ settings: { fsync: 'off', max_connections: '300' } }) : undefined
  const openFga = await startOpenFga({ engine, ...(postgres ? { postgresUrl: postgres.url } : {}) })
  const { url, apiToken } = openFga
  project.provide('openFga', { url, apiToken, engine: openFga.engine, postgres: postgres?.url })
  return async () => {
    await openFga.stop()
    await postgres?.stop()
  }
}

function engineOf(value = 'memory'): OpenFgaEngine {
  if (value === 'memory' || value === 'sqlite' || value === 'postgres') return value
  throw new TypeError(`MANDATE_TEST_STORE: memory, sqlite or postgres, not ${value}`)
}
