/**
 * `mandate-audit prove`: writes the C2SP tlog-proof of one entry, from a PDP, or offline from a log directory.
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
import {
  type ParsedOptions,
  type ProcessIo,
  parseDecisionId,
  parseKeys,
  parseLocation,
  textOption,
  writeFileAtomically,
} from './command-line.ts'
import { decodeText, findId } from './entry-text.ts'
import { escapeControls } from './format-text.ts'
import { entriesBackwards, type IndexedEntry, readTile, sha256 } from './log-directory.ts'
import { type PdpServer, requestPdp } from './pdp-client.ts'
import { parseUnverifiedCheckpoint, readRequiredCheckpoint } from './source.ts'
import { EXIT, SourceError } from './source-error.ts'
import { parseLeaf } from './verify-command.ts'

interface ProvenEntry {
  /** Text of the tlog-proof. */
  readonly proof: string
  /** Canonical JSON of the entry: the leaf of the tree. */
  readonly entry: string
}

export async function prove(options: ParsedOptions, { out, err, environment }: ProcessIo): Promise<number> {
  const id = parseDecisionId(options, 'prove')
  const location = await parseLocation(options, environment)
  const keys = await parseKeys(options)
  const { proof, entry } =
    'directory' in location ? await buildProof(location.directory, id) : await fetchProof(location.server, id)
  if (keys.length > 0) {
    const verdict = await verifyLogProof(digest, { proof, entry: new TextEncoder().encode(entry), keys })
    if (!verdict.ok) {
      err(`${escapeControls(verdict.objection)}\n`)
      return EXIT.failed
    }
  }
  const entryFile = textOption(options, 'entry-out')
  if (entryFile !== undefined) await writeFileAtomically(entryFile, entry)
  const file = textOption(options, 'out')
  if (file === undefined) out(proof)
  else await writeFileAtomically(file, proof)
  return EXIT.ok
}

const digest: AsyncSha256 = (data) => Promise.resolve(sha256(data))

async function fetchProof(server: PdpServer, id: string): Promise<ProvenEntry> {
  const entry = await (await requestPdp(server, `/v1/decisions/${id}`)).text()
  const request = { accept: 'text/plain', isOfLog: true }
  const proof = await (await requestPdp(server, `/v1/decisions/${id}/proof`, request)).text()
  return { proof, entry: new TextDecoder().decode(parseLeaf(entry, 'the response')) }
}

/** @throws SourceError when the entry does not exist or is not in the tree yet, or when a tile is missing or damaged. */
async function buildProof(directory: string, id: string): Promise<ProvenEntry> {
  const checkpoint = await readRequiredCheckpoint(directory)
  const { size } = parseUnverifiedCheckpoint(checkpoint)
  const { index, bytes } = await findEntry(directory, id, size)
  if (index >= size)
    throw new SourceError(EXIT.notFound, `${id} is in the journal and not in the tree yet; try again in a second`)
  const hashes: Uint8Array[] = []
  for (const range of inclusionRanges(index, size)) {
    const nodes = await Promise.all(rangeNodes(range).map((node) => readNode(directory, node, size)))
    hashes.push(foldNodes(sha256, nodes))
  }
  return { proof: formatLogProof({ index, hashes, checkpoint }), entry: new TextDecoder().decode(bytes) }
}

/** Finds an entry by id. The id is matched in the raw bytes, since these bytes are what the proof is about. */
async function findEntry(directory: string, id: string, size: number): Promise<IndexedEntry> {
  for await (const entry of entriesBackwards(directory, size)) if (findId(decodeText(entry.bytes)) === id) return entry
  throw new SourceError(EXIT.notFound, `there is no decision ${id}`)
}

/** Reads the hash of a complete subtree, from the tile with that hash or with the hashes below it. */
async function readNode(directory: string, node: TreeNode, size: number): Promise<Uint8Array> {
  const slice = tileSliceOf(node)
  const width = tileWidth(slice.level, slice.index, size)
  const bytes = await readTile(directory, slice.level, slice.index, size)
  const hashes = decodeTile((bytes ?? new Uint8Array(0)).subarray(0, width * HASH_BYTES), width)
  if (hashes) return nodeFromTile(sha256, hashes, slice)
  const path = tilePath({ level: slice.level, index: slice.index, width })
  throw new SourceError(EXIT.data, `${path} is missing or damaged: run verify`)
}
