/**
 * One store of OpenFGA, one PDP: a second one would not hear of what the first one ends (ADR 0080).
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, inject, onTestFinished, test } from 'vitest'
import { startIssuer } from '../fixtures/issuer.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'

const openFga = inject('openFga')
const issuer = await startIssuer()
afterAll(() => issuer.stop())

interface Started {
  readonly store: string
  readonly dataDir?: string
  readonly env?: Readonly<Record<string, string>>
}

async function start({ store, dataDir, env = {} }: Started): Promise<TestPdp> {
  const options = { openFga, issuer, env: { OPENFGA_STORE: store, ...env }, ...(dataDir ? { dataDir } : {}) }
  const pdp = await startTestPdp(options)
  onTestFinished(() => pdp.stop())
  return pdp
}

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mandate-claim-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const aStore = (): string => `claim-${randomUUID()}`
const HOLDER = /another PDP \(([0-9a-f]{32})\)/u
const holderNamed = async (refused: Promise<unknown>): Promise<string> => {
  const message = await refused.then(
    () => '',
    (error: Error) => error.message,
  )
  return HOLDER.exec(message)?.[1] ?? message
}

test('a second PDP on the same store does not start, and says whose the store is and what to do', async () => {
  const store = aStore()
  await start({ store })
  await expect(start({ store })).rejects.toThrow(HOLDER)
  await expect(start({ store })).rejects.toThrow(/PDP_TAKE_OVER_FROM=[0-9a-f]{32}$/u)
  expect((await start({ store: aStore() })).pdp.url).toMatch(/^http/u)
})

test('of several that start on a new store at the same time one gets it', async () => {
  const store = aStore()
  const starts = await Promise.allSettled([1, 2, 3].map(() => start({ store })))
  expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('a restart, a folder that was moved or restored, and a store that is new need no permission', async () => {
  const store = aStore()
  const from = await aFolder()
  const pdp = await start({ store, dataDir: from })
  await pdp.restart()
  await pdp.stop()
  const to = await aFolder()
  // Without the index, whose journal comes and goes while it is copied: it is rebuilt from the log.
  await cp(from, to, { recursive: true, filter: (path) => !basename(path).startsWith('index.db') })
  const moved = await start({ store, dataDir: to })
  await moved.stop()
  await start({ store: aStore(), dataDir: to })
})

test('of a database and its copy the one that started last goes on, and the other one stops', async () => {
  const store = aStore()
  const from = await aFolder()
  const first = await start({ store, dataDir: from })
  const to = await aFolder()
  // Without the index, whose journal comes and goes while it is copied: it is rebuilt from the log.
  await cp(from, to, { recursive: true, filter: (path) => !basename(path).startsWith('index.db') })
  const second = await start({ store, dataDir: to })
  await first.pdp.lost
  await expect(fetch(first.pdp.url)).rejects.toThrow()
  expect((await fetch(`${second.pdp.url}/readyz`)).status).toBe(200)
})

test('a store whose PDP is gone is taken over by naming that PDP, and not by naming another one', async () => {
  const store = aStore()
  const gone = await start({ store })
  const holder = await holderNamed(start({ store }))
  await gone.stop()
  await expect(start({ store, env: { PDP_TAKE_OVER_FROM: '0'.repeat(32) } })).rejects.toThrow(holder)
  const next = await start({ store, env: { PDP_TAKE_OVER_FROM: holder } })
  // The setting may stay: it names nobody any more.
  await next.restart()
  expect(await holderNamed(start({ store, env: { PDP_TAKE_OVER_FROM: holder } }))).toMatch(/^[0-9a-f]{32}$/u)
})
