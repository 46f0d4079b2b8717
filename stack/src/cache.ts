/**
 * Cache of downloaded and built servers, outside the clone, so that a new clone can use it.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { withLock } from './lock.ts'

/** Folder of the cache: `MANDATE_CACHE`, else `$XDG_CACHE_HOME/mandate`, else `~/.cache/mandate`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['MANDATE_CACHE']) return env['MANDATE_CACHE']
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mandate')
}

/** One entry of the cache. */
export interface CacheEntry {
  readonly folder: string
  /** Key of the content: includes the version and everything else that changes it. */
  readonly key: string
  /** Fills an empty folder. When it throws, the folder is discarded. */
  readonly fill: (folder: string) => Promise<void>
  /** Called once when another process is filling the same entry. */
  readonly onWait?: () => void
}

/**
 * Returns the folder of an entry, and fills it when it is missing. It is filled under a temporary name and renamed, so an interrupted download leaves
 * no incomplete entry. A lock makes concurrent processes wait for the first.
 */
export async function cached({ folder, key, fill, onWait }: CacheEntry): Promise<string> {
  const target = join(folder, key)
  if (existsSync(target)) return target
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const wait = onWait ? { onWait } : {}
  return withLock(join(folder, `${key}.lock`), () => fillOnce(folder, key, target, fill), wait)
}

async function fillOnce(folder: string, key: string, target: string, fill: CacheEntry['fill']): Promise<string> {
  if (existsSync(target)) return target
  const aside = await mkdtemp(join(folder, `.${key}-`))
  try {
    await fill(aside)
    await rename(aside, target)
    return target
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}
