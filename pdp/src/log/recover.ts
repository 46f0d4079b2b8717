/**
 * Recovery at opening: reads the tree as last published, and the later entries from the journal.
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

/** The published state of a log: newest checkpoint and the right edge of its tree. */
export interface Published {
  readonly checkpoint: string | undefined
  readonly edge: TreeEdge
}

/** Entries of the journal beyond the published tree. */
export interface Recovered {
  readonly entries: readonly Uint8Array[]
  /** Numbers of all segments, invalid ones included. */
  readonly segments: readonly number[]
  /** Bytes of an incomplete record at the journal's end. */
  readonly cut: number
}

function damaged(message: string): Fault {
  return new Fault('log_unavailable', `the log is damaged: ${message}`)
}

/**
 * Loads the newest checkpoint and the edge of its tree, and verifies that they agree.
 *
 * @throws Fault `log_unavailable` when the checkpoint is not signed by a key of this log, or its root does not match the tiles.
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

/** Reads a partial tile, or the beginning of the full tile that replaced it. Callers truncate bundles themselves. */
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
 * Reads the journal. An incomplete record at its end was never acknowledged and is ignored; any other incomplete record is damage.
 *
 * @throws Fault `log_unavailable` naming the first lost index.
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
 * Refuses a log whose tiles contain more entries than its checkpoint and journal: an older checkpoint replaced a newer one (such as by a restored
 * backup), and continuing would fork the log. A crash cannot cause this, since journal segments are removed after publication.
 */
export async function refuseRolledBack(files: Files, directory: string, size: number): Promise<void> {
  const index = Math.floor(size / TILE_WIDTH)
  const full = tilePath({ level: 'entries', index, width: TILE_WIDTH })
  const widths = (await files.list(join(directory, `${full}.p`))).map(Number)
  const isBeyond = widths.some((width) => width > size % TILE_WIDTH) || (await files.read(join(directory, full)))
  if (isBeyond)
    throw damaged(`its tiles hold entries above ${size - 1}, the last that checkpoint and journal account for`)
}
