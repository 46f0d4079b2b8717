/**
 * Moves the oldest full entry bundles of a log, encrypted, into an archive (rule L11). The hash tiles stay in the log, so proofs and verification
 * still work. A bundle is written to the archive, read back and compared with its hash tile before it is removed from the log. After an
 * interruption the same command continues.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import {
  archivedBundlePath,
  decodeBundle,
  decodeTile,
  decryptBundle,
  type EpochMillis,
  encryptBundle,
  equalBytes,
  Fault,
  formatArchivedSize,
  leafHash,
  parseArchivedSize,
  parseCheckpoint,
  parseLogEntry,
  parseNote,
  TILE_WIDTH,
  tilePath,
} from '@mandate/protocol'
import type { Files } from './files.ts'
import { sha256 } from './hash.ts'

export interface ArchiveOptions {
  readonly files: Files
  /** The log's own directory. */
  readonly dir: string
  readonly origin: string
  /** Directory of the archive; made when absent. */
  readonly archive: string
  /** AES-256-GCM key, 32 bytes. */
  readonly key: Uint8Array<ArrayBuffer>
}

const NONCE_BYTES = 12
const utf8 = new TextDecoder()

/** How many of the log's first entries are archived. Read from the log's file `sealed`. */
export async function archivedEntries(files: Files, dir: string): Promise<number> {
  const written = await files.read(join(dir, 'sealed'))
  const entries = written === undefined ? 0 : parseArchivedSize(utf8.decode(written))
  if (entries === undefined) throw damaged('its file "sealed" says nothing')
  return entries
}

/**
 * Archives every full bundle whose entries are all older than `before`. The newest full bundle stays, since opening the log reads it.
 *
 * @returns How many entries are archived now, and how many were before.
 */
export async function archivePrefix(
  options: ArchiveOptions,
  before: EpochMillis,
): Promise<{ readonly sealed: number; readonly was: number }> {
  const { files, dir } = options
  const was = await archivedEntries(files, dir)
  const full = Math.floor((await publishedSize(files, dir)) / TILE_WIDTH)
  let index = was / TILE_WIDTH
  for (; index < full - 1; index += 1) {
    const bundle = await files.read(join(dir, entriesPath(index)))
    if (!bundle) throw damaged(`entry bundle ${index} is missing`)
    if (newestIn(bundle, index) >= before) break
    await archiveBundle(options, index, new Uint8Array(bundle))
    // The size is written before the bundle is removed, so that a reader of a missing bundle finds the reason.
    await put(files, join(dir, 'sealed'), new TextEncoder().encode(formatArchivedSize((index + 1) * TILE_WIDTH)), dir)
    await files.remove(join(dir, entriesPath(index)))
    await files.syncDirectory(dirname(join(dir, entriesPath(index))))
  }
  await forgetLeftovers(files, dir, index)
  return { sealed: index * TILE_WIDTH, was }
}

/** Restores every archived bundle into the log. @returns How many entries. */
export async function restorePrefix({ files, dir, origin, archive, key }: ArchiveOptions): Promise<number> {
  const sealed = await archivedEntries(files, dir)
  for (let index = 0; index < sealed / TILE_WIDTH; index += 1) {
    const written = await files.read(join(archive, archivedBundlePath(index)))
    const bundle = written && (await decryptBundle(key, origin, index, new Uint8Array(written)))
    if (!bundle) throw damaged(`bundle ${index} is not in the archive, or cannot be decrypted with this key`)
    await requireLeaves(files, dir, index, bundle)
    await put(files, join(dir, entriesPath(index)), bundle, dir)
  }
  await files.remove(join(dir, 'sealed'))
  await files.syncDirectory(dir)
  return sealed
}

const entriesPath = (index: number): string => tilePath({ level: 'entries', index, width: TILE_WIDTH })

async function archiveBundle(options: ArchiveOptions, index: number, bundle: Uint8Array<ArrayBuffer>): Promise<void> {
  const { files, dir, origin, archive, key } = options
  await requireLeaves(files, dir, index, bundle)
  const path = join(archive, archivedBundlePath(index))
  await files.makeDirectory(dirname(path))
  await put(files, path, await encryptBundle(key, origin, index, bundle, new Uint8Array(randomBytes(NONCE_BYTES))))
  const back = await files.read(path)
  const opened = back && (await decryptBundle(key, origin, index, new Uint8Array(back)))
  if (!opened || !equalBytes(opened, bundle)) throw damaged(`bundle ${index} could not be read back from the archive`)
}

/** @throws Fault `log_unavailable` unless the bundle's entries hash to the leaves in the log's hash tile. */
async function requireLeaves(files: Files, dir: string, index: number, bundle: Uint8Array): Promise<void> {
  const tile = await files.read(join(dir, tilePath({ level: 0, index, width: TILE_WIDTH })))
  const leaves = tile && decodeTile(tile, TILE_WIDTH)
  const { entries } = decodeBundle(bundle)
  const same = entries.length === TILE_WIDTH && leaves?.every((leaf, at) => holds(entries[at], leaf))
  if (!same) throw damaged(`entry bundle ${index} is not what its tile says`)
}

const holds = (entry: Uint8Array | undefined, leaf: Uint8Array): boolean =>
  entry !== undefined && equalBytes(leafHash(sha256, entry), leaf)

function newestIn(bundle: Uint8Array, index: number): EpochMillis {
  const times = decodeBundle(bundle).entries.map((bytes) => {
    const entry = parseLogEntry(JSON.parse(utf8.decode(bytes)))
    if (!entry.success) throw damaged(`entry bundle ${index} holds what is no entry`)
    return Date.parse(entry.data.at)
  })
  return Math.max(...times)
}

const publishedSize = async (files: Files, dir: string): Promise<number> =>
  sizeOfCheckpoint(await files.read(join(dir, 'checkpoint')))

/** Number of entries that a log's file `checkpoint` covers; 0 without one. Does not verify it. @throws Fault `log_unavailable` when it cannot be read. */
export function sizeOfCheckpoint(checkpoint: Uint8Array | undefined): number {
  if (!checkpoint) return 0
  try {
    return parseCheckpoint(parseNote(utf8.decode(checkpoint)).text).size
  } catch {
    throw damaged('the checkpoint cannot be read')
  }
}

/** Removes the last archived bundle, which a crash between writing the size and removing it may have left. It is in the archive. */
async function forgetLeftovers(files: Files, dir: string, sealed: number): Promise<void> {
  if (sealed > 0) await files.remove(join(dir, entriesPath(sealed - 1)))
}

/** @param log - The log's directory, for a file of the log: the temporary file is then written in its `tmp`. */
async function put(files: Files, path: string, bytes: Uint8Array, log?: string): Promise<void> {
  await files.makeDirectory(dirname(path))
  if (log !== undefined) await files.makeDirectory(join(log, 'tmp'))
  await files.replace(path, bytes, log === undefined ? `${path}.tmp` : join(log, 'tmp', 'sealing'))
  await files.syncDirectory(dirname(path))
}

const damaged = (what: string): Fault => new Fault('log_unavailable', `archive: ${what}`)
