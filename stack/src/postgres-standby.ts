/**
 * A streaming standby of a temporary PostgreSQL cluster. Its base backup is made by SQL and copied files, as PostgreSQL's manual describes it (*Making a
 * base backup using the low level API*): `pg_basebackup` is not in every distribution of the server.
 *
 * @module
 */
import { cp, readdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './net.ts'
import { type Cluster, giveTo, makeFolder, placePrograms, serve } from './postgres-cluster.ts'
import { runSql, withSession } from './postgres-sql.ts'

/** A streaming standby. Its database `mandate` has the primary's roles and passwords. */
export interface Standby {
  readonly url: string
  /** Runs one statement on the database of a url; its result as plain text, columns separated by `|`. */
  query(url: string, sql: string): Promise<string>
  /** Fast shutdown, then its folder is removed. */
  stop(): Promise<void>
  /** Receives nothing that the primary commits from now on. */
  detach(): Promise<void>
  /** Makes it a primary. */
  promote(): Promise<void>
}

/** Copies a running cluster and starts the copy as its standby. */
export async function startStandbyOf(primary: Cluster): Promise<Standby> {
  const cluster = await copyCluster(primary)
  const running = await serve(cluster)
  const ask = (sql: string): Promise<string> => runSql(cluster.urlOf('postgres'), sql)
  const until = async (sql: string): Promise<void> => {
    while ((await ask(sql)) !== 't') await delay(20)
  }
  return {
    url: cluster.urlOf('mandate'),
    query: runSql,
    detach: async () => {
      const written = await runSql(primary.urlOf('postgres'), 'SELECT pg_current_wal_lsn()')
      // allowed: sql: a position that PostgreSQL returned; for tests and demos.
      await until(`SELECT pg_last_wal_replay_lsn() >= '${written}'`)
      await ask("ALTER SYSTEM SET primary_conninfo = ''")
      await ask('SELECT pg_reload_conf()')
      await until('SELECT count(*) = 0 FROM pg_stat_wal_receiver')
    },
    promote: () => until('SELECT pg_promote()'),
    stop: async () => {
      await running.stop()
      await rm(cluster.folder, { recursive: true, force: true })
    },
  }
}

async function copyCluster(primary: Cluster): Promise<Cluster> {
  const { owner, urlOf } = primary
  const port = await freePort()
  const folder = await makeFolder(owner)
  const binaries = await placePrograms(primary.binaries, folder, owner)
  const data = join(folder, 'data')
  await copyData(primary, data)
  await writeFile(join(data, 'standby.signal'), '')
  await writeFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${urlOf('postgres')}'\n`)
  for (const path of await readdir(data, { recursive: true })) await giveTo(owner, join(data, path))
  return {
    ...primary,
    binaries,
    folder,
    port,
    urlOf: (database) => Object.assign(new URL(urlOf(database)), { port }).href,
  }
}

/** The log (`pg_wal`) is copied last, so that it has every record that the copied files need. */
async function copyData(primary: Cluster, data: string): Promise<void> {
  const source = join(primary.folder, 'data')
  const label = await withSession(primary.urlOf('postgres'), async (ask) => {
    await ask("SELECT pg_backup_start('standby', fast => true)")
    await cp(source, data, { recursive: true, force: true, filter: (path) => isCopied(relative(source, path)) })
    return ask('SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)')
  })
  await cp(join(source, 'pg_wal'), join(data, 'pg_wal'), { recursive: true })
  await writeFile(join(data, 'backup_label'), label)
}

/** Folders of a running server stay, without their content. */
function isCopied(path: string): boolean {
  return !/^postmaster\.(?:pid|opts)$|^pg_(?:wal|replslot|dynshmem|stat_tmp)\/|pgsql_tmp/u.test(path)
}
