/**
 * `npm run bench -- restore [--entries N] [--megabytes N]`: backups of a whole installation and its restore, in seconds and bytes. Of a new installation, and of
 * one with so many log entries in each of two PDPs and so much in its database. Half of the entries come after the whole backup, so that a start reads them.
 *
 * @module
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { openLog } from '../../pdp/src/log/log.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import { runSql } from '../../stack/src/postgres-sql.ts'
import { anEntry } from '../contract/log-builders.ts'
import { Installation, MISSING, type Ran } from '../fixtures/installation.ts'
import { readOptions } from '../support/cli-options.ts'

/** Entries that are appended at once. */
const A_FILL = 2_000
const MIB = 1_048_576
/** What one statement adds to the database, in MiB. */
const A_FILL_MIB = 20
const DIGESTS_OF_A_MIB = MIB / 32

interface Size {
  /** Entries in the log of each PDP. */
  readonly entries: number
  /** What is added to the database, in MiB. */
  readonly megabytes: number
}

export async function benchRestore(args: readonly string[], print: (line: string) => void): Promise<void> {
  const large = readOptions(args, { entries: 100_000, megabytes: 100 })
  if (MISSING) throw new Error(MISSING)
  print(
    '| entries in each of two logs | database | whole backup | of the logs alone | restore | until both PDPs answer |',
  )
  print('| --- | --- | --- | --- | --- | --- |')
  for (const size of [{ entries: 0, megabytes: 0 }, large]) print(await measureRestore(size))
}

/** @returns A row of the table. */
async function measureRestore({ entries, megabytes }: Size): Promise<string> {
  const it = await Installation.start()
  try {
    await it.world.grant({ from: 'A', to: 'B', actions: ['execute'] })
    if (megabytes > 0) await fillDatabase(it, megabytes)
    await lengthen(it, 0, entries / 2)
    const stop = it.use()
    const whole = await timed(() => it.backUp('whole'))
    await stop()
    await lengthen(it, entries / 2, entries)
    const logs = await timed(() => it.backUp('logs', '--logs'))
    const database = await sizeOfDatabases(it)
    await it.stopAll()
    it.destroy()
    const restored = await timed(() => it.restore('whole', '--logs', join(it.place, 'logs')))
    const began = performance.now()
    await it.startAll()
    for (const index of [0, 1]) if (!(await it.permits('B', index))) throw new Error(`PDP ${index} lost a grant`)
    const cells = [
      entries.toLocaleString('en'),
      inMegabytes(database),
      `${whole.seconds}, ${inMegabytes(bytesIn(join(it.place, 'whole')))}`,
      `${logs.seconds}, ${inMegabytes(bytesIn(join(it.place, 'logs')))}`,
      restored.seconds,
      inSeconds(began),
    ]
    return `| ${cells.join(' | ')} |`
  } finally {
    await it.stop()
  }
}

async function timed(work: () => Promise<Ran>): Promise<{ readonly seconds: string }> {
  const began = performance.now()
  const { status, said } = await work()
  if (status !== 0) throw new Error(said)
  return { seconds: inSeconds(began) }
}

const inSeconds = (began: number): string => `${((performance.now() - began) / 1_000).toFixed(1)} s`
const inMegabytes = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`
const bytesIn = (dir: string): number => readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)

/** Rows of random hexadecimal digits, of which half can be compressed away. */
async function fillDatabase(it: Installation, megabytes: number): Promise<void> {
  const url = it.cluster.urlOf('openfga')
  await runSql(url, 'CREATE TABLE filler (data text)')
  for (let done = 0; done < megabytes; done += A_FILL_MIB) {
    const digests = Math.min(A_FILL_MIB, megabytes - done) * DIGESTS_OF_A_MIB
    await runSql(
      url,
      `INSERT INTO filler SELECT string_agg(md5(random()::text), '') FROM generate_series(1, ${digests}) AS n GROUP BY n / 32`,
    )
  }
}

/** Writes into both logs while their PDPs are down. */
async function lengthen(it: Installation, from: number, to: number): Promise<void> {
  if (from >= to) return
  await it.stopAll()
  for (const index of [0, 1]) {
    const origin = it.originOf(index)
    const signer = await loadSigner(nodeFiles(), it.dataOf(index), origin)
    const log = await openLog({ dir: join(it.dataOf(index), 'log'), origin, signer })
    for (let first = from; first < to; first += A_FILL)
      await log.append(Array.from({ length: Math.min(A_FILL, to - first) }, (_, at) => anEntry(first + at)))
    await log.close()
  }
  await it.startAll()
}

const sizeOfDatabases = async (it: Installation): Promise<number> =>
  Number(await runSql(it.cluster.urlOf('postgres'), 'SELECT sum(pg_database_size(oid)) FROM pg_database'))
