/**
 * `fsck` and `rebuild-index`: whatever the index says that the log does not is named, and a rebuilt index agrees.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type IndexCommand, maintainIndex } from '../../pdp/src/cli/index-maintenance.ts'
import { openIndex } from '../../pdp/src/log/entry-index.ts'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { fsck } from '../../pdp/src/log/fsck.ts'
import { CHUNK_ENTRIES } from '../../pdp/src/log/index-chunk.ts'
import { IndexStore } from '../../pdp/src/log/index-store.ts'
import { openLog } from '../../pdp/src/log/log.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import { aPlace, idOf, ORIGIN, someEntries } from './log-kit.ts'

const ENTRIES = CHUNK_ENTRIES + 300
let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres?.stop())

describe.for(['sqlite', 'postgres'] as const)('on %s', (engine) => {
  let root: string
  const indexUrl = (): string | undefined => (engine === 'postgres' ? postgres.url : undefined)
  const open = async () => {
    const signer = await loadSigner(nodeFiles(), root, ORIGIN)
    return openLog({ dir: join(root, 'log'), origin: ORIGIN, signer, checkpointEveryMs: 50 })
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'mandate-fsck-'))
    const log = await open()
    const index = await openIndex({ place: indexUrl() ?? join(root, 'index.db'), log })
    for (let first = 0; first < ENTRIES; first += 1_000)
      await log.append(someEntries(first, Math.min(1_000, ENTRIES - first)))
    await index.query({ limit: 1 })
    await index.close()
    await log.close()
    return () => rm(root, { recursive: true, force: true })
  })

  /** Changes the tables behind everybody's back. */
  async function tamper(sql: string): Promise<void> {
    if (engine === 'postgres') {
      await postgres.query(
        postgres.url,
        sql.replaceAll(/\b(FROM|UPDATE|INTO) (entry|chunk|posting)\b/gu, '$1 mandate_index.$2'),
      )
      return
    }
    const database = new DatabaseSync(join(root, 'index.db'))
    database.exec(sql)
    database.close()
  }

  async function run(command: IndexCommand): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
    const lines: string[] = []
    return {
      code: await maintainIndex(command, { directory: root, indexUrl: indexUrl() }, (line) => lines.push(line)),
      lines,
    }
  }

  test('an index as it was fed agrees', async () => {
    expect(await run('fsck')).toEqual({
      code: 0,
      lines: [`${ENTRIES} of ${ENTRIES} entries are indexed; no disagreements`],
    })
  })

  test('every disagreement is named, and rebuilding mends them all', { timeout: 120_000 }, async () => {
    await tamper('UPDATE entry SET body = (SELECT body FROM entry WHERE idx = 8) WHERE idx = 7')
    await tamper(`UPDATE entry SET id = '${idOf(1)}' WHERE idx = 70`)
    await tamper('DELETE FROM entry WHERE idx = 9')
    await tamper('UPDATE chunk SET min_at = min_at + 1')
    await tamper('DELETE FROM posting WHERE term = (SELECT term FROM posting ORDER BY places DESC LIMIT 1)')
    const { code, lines } = await run('fsck')
    expect(code).toBe(1)
    expect(lines.slice(0, 4)).toEqual([
      `entry 7 (${idOf(7)}) is another one in the index`,
      `entry 9 (${idOf(9)}) is not in the index`,
      `entry 70 is ${idOf(70)}, and ${idOf(1)} in the index`,
      'chunk 0 has other times than its entries',
    ])
    expect(lines.length).toBeGreaterThan(5)
    for (const line of lines.slice(4, -1)) expect(line).toMatch(/^chunk 0 lists nothing under \w+ /u)
    expect(await run('rebuild-index')).toEqual({ code: 0, lines: [`${ENTRIES} entries indexed`] })
    expect((await run('fsck')).code).toBe(0)
  })

  test('checks beside a PDP that writes, and rebuilds only when none does', { timeout: 120_000 }, async () => {
    const log = await open()
    await log.append(someEntries(ENTRIES, 5))
    expect(await run('fsck')).toMatchObject({
      code: 0,
      lines: [expect.stringContaining(`${ENTRIES} of ${ENTRIES + 5}`)],
    })
    expect(await run('rebuild-index')).toMatchObject({ code: 70, lines: [expect.stringContaining('another process')] })
    await log.close()
  })

  test('does not take a damaged log for a good one', async () => {
    const files = nodeFiles()
    const path = join(root, 'log/tile/entries/003')
    const bundle = (await files.read(path)) ?? new Uint8Array(0)
    await files.replace(path, bundle.with(400, 0x20), `${path}.tmp`)
    const { code, lines } = await run('fsck')
    expect([code === 0, lines.length > 0]).toEqual([false, true])
    await files.replace(path, bundle, `${path}.tmp`)
  })
})

test('what a PDP logs, feeds and publishes while it is checked is no disagreement', { timeout: 120_000 }, async () => {
  const place = await aPlace()
  const log = await place.open({ checkpointEveryMs: 20 })
  const path = `${place.dir}.index`
  const index = await openIndex({ place: path, log })
  onTestFinished(async () => {
    await index.close()
    await log.close()
    for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true })
  })
  await log.append(someEntries(0, CHUNK_ENTRIES - 10))
  await index.query({ limit: 1 })
  const store = new IndexStore(path, ORIGIN, false)
  let next = CHUNK_ENTRIES - 10
  /** A PDP at work: the chunk that is looked at becomes full, and is stored, after the log was read. */
  const work = async (): Promise<void> => {
    await log.append(someEntries(next, 20))
    next += 20
    await index.query({ limit: 1 })
  }
  const held = {
    indexed: () => store.indexed(),
    held: async (no: number) => {
      await work()
      const chunk = store.held(no)
      await work()
      return chunk
    },
  }
  const said: string[] = []
  const report = await fsck({
    files: nodeFiles(),
    dir: place.dir,
    keys: place.keys,
    origin: ORIGIN,
    index: held,
    place: path,
    onDisagreement: (disagreement) => said.push(disagreement),
  })
  store.close()
  expect([report.disagreements, said]).toEqual([0, []])
})

test('an index that another version made is left as it is, and named', async () => {
  const place = await aPlace()
  const path = join(dirname(place.keys), 'index.db')
  new IndexStore(path, 'another.example/log').close()
  expect(() => new IndexStore(path, ORIGIN, false)).toThrow(/rebuild it/u)
  expect(() => new IndexStore(path, 'another.example/log', false).close()).not.toThrow()
})
