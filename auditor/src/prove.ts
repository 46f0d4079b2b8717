/**
 * `mandate-audit prove`: the C2SP tlog-proof of one entry, from a PDP or from a log's directory, where no server is needed.
 *
 * @module
 */
import {
  type AsyncSha256,
  decodeTile,
  foldNodes,
  formatLogProof,
  HASH_BYTES,
  inclusionRanges,
  nodeFromTile,
  rangeNodes,
  type TreeNode,
  tilePath,
  tileSliceOf,
  tileWidth,
  verifyLogProof,
} from '@mandate/protocol'
import { entriesBackwards, type PlacedEntry, readCheckpoint, readTile, sha256 } from './directory.ts'
import { idIn, textOf } from './entry-text.ts'
import { decisionId, type Given, keysOf, placeOf, type Surroundings, text, writeWhole } from './given.ts'
import { ask, EXIT, type Server, SourceError } from './http.ts'
import { checkpointIn } from './source.ts'
import { harmless } from './text.ts'
import { leafIn } from './verify-command.ts'

interface Proven {
  readonly proof: string
  /** The leaf's text. */
  readonly entry: string
}

export async function prove(given: Given, { out, err, environment }: Surroundings): Promise<number> {
  const id = decisionId(given, 'prove')
  const place = await placeOf(given, environment)
  const keys = await keysOf(given)
  const { proof, entry } = 'directory' in place ? await proveFrom(place.directory, id) : await fetched(place.server, id)
  if (keys.length > 0) {
    const verdict = await verifyLogProof(digest, { proof, entry: new TextEncoder().encode(entry), keys })
    if (!verdict.ok) {
      err(`${harmless(verdict.objection)}\n`)
      return EXIT.failed
    }
  }
  const entryFile = text(given, 'entry-out')
  if (entryFile !== undefined) await writeWhole(entryFile, entry)
  const file = text(given, 'out')
  if (file === undefined) out(proof)
  else await writeWhole(file, proof)
  return EXIT.ok
}

const digest: AsyncSha256 = (data) => Promise.resolve(sha256(data))

async function fetched(server: Server, id: string): Promise<Proven> {
  const entry = await (await ask(server, `/v1/decisions/${id}`)).text()
  const proof = await (await ask(server, `/v1/decisions/${id}/proof`, { accept: 'text/plain' })).text()
  return { proof, entry: new TextDecoder().decode(leafIn(entry, 'the answer')) }
}

/** @throws SourceError when there is no such entry, when it is not in the tree yet, or when a tile is missing. */
async function proveFrom(directory: string, id: string): Promise<Proven> {
  const checkpoint = await readCheckpoint(directory)
  if (checkpoint === undefined) throw new SourceError(EXIT.notFound, `${directory} holds no checkpoint`)
  const { size } = checkpointIn(checkpoint)
  const { index, bytes } = await entryOf(directory, id, size)
  if (index >= size)
    throw new SourceError(EXIT.notFound, `${id} is in the journal and not yet in the tree: it will be within a second`)
  const hashes: Uint8Array[] = []
  for (const range of inclusionRanges(index, size)) {
    const nodes = await Promise.all(rangeNodes(range).map((node) => nodeIn(directory, node, size)))
    hashes.push(foldNodes(sha256, nodes))
  }
  return { proof: formatLogProof({ index, hashes, checkpoint }), entry: new TextDecoder().decode(bytes) }
}

/** As its bytes stand in the log: they are what is proven. */
async function entryOf(directory: string, id: string, size: number): Promise<PlacedEntry> {
  for await (const entry of entriesBackwards(directory, size)) if (idIn(textOf(entry.bytes)) === id) return entry
  throw new SourceError(EXIT.notFound, `there is no decision ${id}`)
}

/** The hash of a complete subtree, from the tile that holds it or its children. */
async function nodeIn(directory: string, node: TreeNode, size: number): Promise<Uint8Array> {
  const slice = tileSliceOf(node)
  const width = tileWidth(slice.level, slice.index, size)
  const bytes = await readTile(directory, slice.level, slice.index, size)
  const hashes = decodeTile((bytes ?? new Uint8Array(0)).subarray(0, width * HASH_BYTES), width)
  if (hashes) return nodeFromTile(sha256, hashes, slice)
  const path = tilePath({ level: slice.level, index: slice.index, width })
  throw new SourceError(EXIT.data, `${path} is missing or damaged: run verify`)
}
