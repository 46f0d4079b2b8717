/**
 * Opening a log: the tree as last published, and the entries that the journal holds above it.
 *
 * @module
 */
import { join } from 'node:path'
import {
  decodeBundle,
  decodeTile,
  equalBytes,
  Fault,
  joinSegments,
  partialTiles,
  readSegment,
  SEGMENT_NAME,
  TILE_WIDTH,
  tilePath,
  verifyCheckpoint,
} from '@mandate/protocol'
import type { Files } from './files.ts'
import { sha256 } from './hash.ts'
import { segmentPath } from './journal.ts'
import { type LogSigner, signersOf } from './signer.ts'
import { EMPTY_TREE, rootOfEdge, type TreeEdge } from './tree.ts'

/** The published part of a log: its newest checkpoint and the edge of its tree. */
export interface Published {
  readonly checkpoint: string | undefined
  readonly edge: TreeEdge
}

/** What the journal holds above the published tree. */
export interface Recovered {
  readonly entries: readonly Uint8Array[]
  /** Numbers of the segments, void ones included. */
  readonly segments: readonly number[]
  /** Bytes at the journal's end that were no whole record. */
  readonly cut: number
}

function damaged(message: string): Fault {
  return new Fault('log_unavailable', `the log is damaged: ${message}`)
}

/**
 * Loads the newest checkpoint and the edge of its tree, and holds one against the other.
 *
 * @throws Fault `log_unavailable` when the checkpoint is not signed by a key of this log, or the tiles do not give its root.
 */
export async function loadPublished(files: Files, directory: string, signer: LogSigner): Promise<Published> {
  const written = await files.read(join(directory, 'checkpoint'))
  if (!written) return { checkpoint: undefined, edge: EMPTY_TREE }
  const checkpoint = new TextDecoder().decode(written)
  const keys = signersOf(signer).map(({ verifierKey }) => verifierKey)
  const verdict = await verifyCheckpoint(checkpoint, keys)
  if (!verdict.ok) throw damaged(`its checkpoint does not verify with the key of ${signer.name}: ${verdict.objection}`)
  const edge = await loadEdge(files, directory, verdict.checkpoint.size)
  if (!equalBytes(rootOfEdge(edge), verdict.checkpoint.root))
    throw damaged('its tiles do not give the root of its checkpoint')
  return { checkpoint, edge }
}

async function loadEdge(files: Files, directory: string, size: number): Promise<TreeEdge> {
  const levels: (readonly Uint8Array[])[] = []
  for (const { level, index, width } of partialTiles(size)) {
    const hashes = decodeTile(await readWidth(files, directory, level, index, width), width)
    if (!hashes) throw damaged(`tile ${level}/${index} is too short`)
    while (levels.length < level) levels.push([])
    levels[level] = hashes
  }
  const width = size % TILE_WIDTH
  if (width === 0) return { size, levels, bundle: [] }
  const { entries } = decodeBundle(await readWidth(files, directory, 'entries', (size - width) / TILE_WIDTH, width))
  if (entries.length < width) throw damaged(`entry bundle ${(size - width) / TILE_WIDTH} is too short`)
  return { size, levels, bundle: entries.slice(0, width) }
}

/** A partial tile, or the beginning of the full one where the partial one is gone. Bundles are cut by their reader. */
async function readWidth(
  files: Files,
  directory: string,
  level: number | 'entries',
  index: number,
  width: number,
): Promise<Uint8Array> {
  const partial = await files.read(join(directory, tilePath({ level, index, width })))
  if (partial) return partial
  const full = await files.read(join(directory, tilePath({ level, index, width: TILE_WIDTH })))
  if (!full) throw damaged(`${tilePath({ level, index, width })} is missing`)
  return level === 'entries' ? full : full.subarray(0, (full.length / TILE_WIDTH) * width)
}

/**
 * Reads the journal. A record at its end that is not whole was never answered and is left out; anything else that is not whole is damage.
 *
 * @throws Fault `log_unavailable` naming the first index that is lost.
 */
export async function loadJournal(
  files: Files,
  directory: string,
  origin: string,
  published: number,
): Promise<Recovered> {
  const names = (await files.list(directory)).filter((name) => SEGMENT_NAME.test(name))
  const numbers = names.map(Number)
  const segments = []
  let cut = 0
  for (const number of numbers) {
    const bytes = (await files.read(segmentPath(directory, number))) ?? new Uint8Array(0)
    const segment = readSegment(sha256, bytes)
    if (segment.origin !== undefined && segment.origin !== origin)
      throw damaged(`its journal is that of ${segment.origin}`)
    cut += bytes.length - segment.whole
    segments.push(segment)
  }
  const { entries, missing } = joinSegments(segments, published)
  if (missing !== undefined) throw damaged(`entry ${missing} is lost from the journal`)
  return { entries, segments: numbers, cut }
}

/**
 * Refuses a log whose tiles hold more than its checkpoint and journal account for: an older checkpoint was put in place of a newer one, and
 * going on from there would fork the log. A crash leaves no such thing, since the journal outlives its entries' publication.
 */
export async function refuseRolledBack(files: Files, directory: string, size: number): Promise<void> {
  const index = Math.floor(size / TILE_WIDTH)
  const full = tilePath({ level: 'entries', index, width: TILE_WIDTH })
  const widths = (await files.list(join(directory, `${full}.p`))).map(Number)
  const isBeyond = widths.some((width) => width > size % TILE_WIDTH) || (await files.read(join(directory, full)))
  if (isBeyond)
    throw damaged(`its tiles hold entries above ${size - 1}, the last that checkpoint and journal account for`)
}
