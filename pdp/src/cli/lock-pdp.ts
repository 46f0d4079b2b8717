/**
 * The lock of a PDP's data directory, for commands that must not run beside the PDP.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFiles } from '../log/files.ts'
import { MoveRefused } from '../store/move.ts'
import { isBusy } from '../store/sqlite.ts'

/**
 * Takes the lock of the decision log, which a running PDP holds.
 *
 * @returns Releases it.
 * @throws MoveRefused while a PDP runs, and where the directory cannot be written.
 */
export async function lockPdp(directory: string): Promise<() => void> {
  const log = join(directory, 'log')
  if (!existsSync(log)) return () => undefined
  try {
    return await nodeFiles().lock(join(log, 'lock'))
  } catch (error) {
    if (isBusy(error)) throw new MoveRefused(`a PDP runs on ${directory}: stop it first`)
    throw new MoveRefused(`${directory} cannot be locked: ${error instanceof Error ? error.message : String(error)}`)
  }
}
