/**
 * Finds PostgreSQL's server programs: installed, or fetched into the cache.
 *
 * @module
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type FindOptions, fetchTool, toolSources } from './fetch-piece.ts'
import { tryCommand } from './run-command.ts'

/** On Debian the server programs are not on PATH, but in one folder per version. */
const DEBIAN = '/usr/lib/postgresql'

/** Folder of `initdb` and `postgres`: the newest version installed. @throws MissingToolError when they are neither installed nor to be fetched. */
export async function findPostgres(options: FindOptions = {}): Promise<string> {
  const { env = process.env } = options
  const installed = toolSources(env).installed ? await installedPostgres(env) : undefined
  return installed ?? join((await fetchTool('postgres', options)).folder, 'bin')
}

async function installedPostgres(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : []
  for (const version of versions.toSorted((a, b) => Number(b) - Number(a))) {
    const folder = join(DEBIAN, version, 'bin')
    if (existsSync(join(folder, 'initdb'))) return folder
  }
  const { ok, stdout } = await tryCommand('pg_config', ['--bindir'], { env })
  const folder = stdout.trim()
  return ok && existsSync(join(folder, 'initdb')) ? folder : undefined
}
