/**
 * `npm run log -- snapshot`: a copy of a PDP's data directory for a backup, without secrets. The PDP may run.
 *
 * @module
 */
import { copyFile, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '@mandate/protocol'
import { nodeFiles } from '../log/files.ts'
import { snapshotLog } from '../log/snapshot.ts'
import { originOf } from './index-maintenance.ts'

const EXIT = { ok: 0, usage: 64, refused: 65 } as const

export interface SnapshotCommand {
  /** The PDP's data directory. */
  readonly directory: string
  /** Directory of the copy; must not exist. */
  readonly to: string | undefined
}

/** @param say - Prints a line. @returns The exit code. */
export async function runSnapshot({ directory, to }: SnapshotCommand, say: (line: string) => void): Promise<number> {
  if (!to) {
    say('--to: must be the directory of the copy, which must not exist')
    return EXIT.usage
  }
  if (await exists(to)) {
    say(`--to: ${to} exists; name another directory, or remove it: nothing is overwritten`)
    return EXIT.usage
  }
  await mkdir(to, { recursive: true, mode: 0o700 })
  try {
    // The database first: a restored PDP ends again what its log has as ended and its database does not, never the other way round.
    const database = await copyDatabase(directory, to)
    for (const worker of ['', ...(await workersIn(directory))])
      say(`${await copyLog(join(directory, worker), join(to, worker))}: ${join(to, worker)}`)
    if (database) say(`pdp.db: ${to}`)
    return EXIT.ok
  } catch (error) {
    await rm(to, { recursive: true, force: true })
    if (!(error instanceof Fault)) throw error
    say(error.message)
    return EXIT.refused
  }
}

/** Folders of the workers after the first one, each with a log of its own (`PDP_WORKERS`). */
async function workersIn(directory: string): Promise<readonly string[]> {
  return (await nodeFiles().list(directory)).filter((name) => /^worker-\d+$/u.test(name))
}

/** @returns What was copied, in words. */
async function copyLog(directory: string, to: string): Promise<string> {
  const origin = await originOf({ directory })
  const { published, pending } = await snapshotLog({ dir: join(directory, 'log'), to: join(to, 'log'), origin })
  for (const name of ['log.vkey', 'log.vkeys']) await copyFile(join(directory, name), join(to, name))
  return `${published + pending} entries, ${pending} of them in the journal`
}

/** One transaction of `pdp.db`. @returns `false` where the PDP has its database on PostgreSQL. */
async function copyDatabase(directory: string, to: string): Promise<boolean> {
  const path = join(directory, 'pdp.db')
  if (!(await exists(path))) return false
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    database.prepare('VACUUM INTO ?').run(join(to, 'pdp.db'))
    return true
  } finally {
    database.close()
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
