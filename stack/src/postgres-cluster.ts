/**
 * Folder, user and process of a temporary PostgreSQL cluster.
 *
 * @module
 */
import { chmod, chown, cp, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { MissingToolError } from './errors.ts'
import { LOOPBACK } from './net.ts'
import { runSql } from './postgres-sql.ts'
import { startProcess } from './process.ts'
import { type CommandOptions, tryCommand } from './run-command.ts'

/** A cluster on disk. */
export interface Cluster {
  /** Folder of `postgres`. */
  readonly binaries: string
  /** Private folder with the cluster in `data`. */
  readonly folder: string
  readonly port: number
  readonly settings: Readonly<Record<string, string>>
  readonly owner: Pick<CommandOptions, 'uid' | 'gid'>
  urlOf(database: string): string
}

/** A temporary folder of the user that PostgreSQL runs as, with an empty folder `data`. */
export async function makeFolder(owner: Cluster['owner']): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mandate-postgres-'))
  await mkdir(join(folder, 'data'), { mode: 0o700 })
  await giveTo(owner, folder, join(folder, 'data'))
  await chmod(folder, 0o700)
  return folder
}

/** Makes the owner of the cluster the owner of these paths. */
export async function giveTo({ uid, gid }: Cluster['owner'], ...paths: readonly string[]): Promise<void> {
  if (uid === undefined || gid === undefined) return
  for (const path of paths) await chown(path, uid, gid)
}

/**
 * Copies the programs into the cluster's folder when its owner cannot run them where they are: root's cache is not readable by other users.
 *
 * @param binaries - Folder `bin`, beside `lib` and `share`.
 * @returns The folder to run them from.
 */
export async function placePrograms(binaries: string, folder: string, owner: Cluster['owner']): Promise<string> {
  if (owner.uid === undefined) return binaries
  const { ok } = await tryCommand(join(binaries, 'postgres'), ['--version'], { ...owner, cwd: folder })
  if (ok) return binaries
  const copy = join(folder, 'programs')
  await cp(dirname(binaries), copy, { recursive: true, verbatimSymlinks: true })
  await chmod(copy, 0o755)
  return join(copy, 'bin')
}

/** Starts the server and waits until it answers. */
export function serve({ binaries, folder, port, settings, owner, urlOf }: Cluster): ReturnType<typeof startProcess> {
  const all = { listen_addresses: LOOPBACK, port: String(port), unix_socket_directories: folder, ...settings }
  return startProcess({
    name: 'PostgreSQL',
    command: join(binaries, 'postgres'),
    args: ['-D', join(folder, 'data'), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: folder,
    ready: () =>
      runSql(urlOf('postgres'), 'SELECT 1').then(
        () => true,
        () => false,
      ),
    readyTimeoutMs: 60_000,
    logFile: join(folder, 'postgres.log'),
    stopSignal: 'SIGINT', // fast shutdown; SIGTERM would wait for all clients to disconnect
    ...owner,
  })
}

/** The user to run as. PostgreSQL refuses to run as root. @throws MissingToolError for root, without another user. */
export async function unprivileged(): Promise<Cluster['owner']> {
  if (process.getuid?.() !== 0) return {}
  for (const user of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => tryCommand('id', [flag, user])))
    if (uid?.ok && gid?.ok) return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  }
  throw new MissingToolError('PostgreSQL does not run as root, and there is no user "postgres" to run it as', {
    tool: 'PostgreSQL',
  })
}
