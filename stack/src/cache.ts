/**
 * Where fetched servers are kept: outside every clone, so that a fresh clone starts as fast as an old one.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { withLock } from './lock.ts'

/** `MANDATE_CACHE`, else `$XDG_CACHE_HOME/mandate`, else `~/.cache/mandate`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['MANDATE_CACHE']) return env['MANDATE_CACHE']
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mandate')
}

/** What `cached` needs to know about one thing. */
export interface CacheEntry {
  readonly folder: string
  /** Names the content: version and everything else that changes it. */
  readonly key: string
  /** Fills an empty folder. When it throws, nothing is kept. */
  readonly fill: (folder: string) => Promise<void>
  /** Called once when another process is filling the same entry. */
  readonly onWait?: () => void
}

/**
 * The folder of one cached thing, filled when it is not there. It is filled aside and renamed into place, so an
 * interrupted fetch leaves nothing that looks whole; of several processes one fetches and the others wait.
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
