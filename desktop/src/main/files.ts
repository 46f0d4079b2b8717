/**
 * Saves files atomically: writes a temporary file with mode 0600, then renames it. A failure leaves no file.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Host } from './host.ts'
import { CallProblem } from './problems.ts'

type Pieces = AsyncIterable<Uint8Array | string>

/**
 * Asks for a file name, then writes.
 *
 * @param pieces - Called only when a file name was chosen.
 */
export async function saveFile(
  host: Pick<Host, 'chooseFile'>,
  suggestedName: string,
  pieces: () => Pieces,
): Promise<{ saved: boolean; name?: string }> {
  const path = await host.chooseFile(suggestedName)
  if (path === undefined) return { saved: false }
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  try {
    await write(beside, pieces())
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    if (isOfFiles(error)) throw new CallProblem('not_saved', 'The file cannot be written there.', { cause: error })
    throw error
  }
  return { saved: true, name: basename(path) }
}

async function write(path: string, pieces: Pieces): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const piece of pieces) await file.write(typeof piece === 'string' ? Buffer.from(piece) : piece)
    await file.sync()
  } finally {
    await file.close()
  }
}

const isOfFiles = (error: unknown): boolean => error instanceof Error && 'syscall' in error && 'path' in error
