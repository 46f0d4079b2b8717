/**
 * The Merkle tree of RFC 6962: hashes, roots, proofs and their verification. Pure: SHA-256 is a parameter, synchronous for writers and bulk
 * readers, asynchronous (WebCrypto) for browsers.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6962.html#section-2.1 RFC 6962, section 2.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9162.html#section-2.1 RFC 9162, section 2.1 (how to verify)}
 * @module
 */

/** A synchronous SHA-256: returns 32 bytes. */
export type Sha256 = (data: Uint8Array) => Uint8Array
/** An asynchronous SHA-256, such as WebCrypto's: resolves to 32 bytes. */
export type AsyncSha256 = (data: Uint8Array) => Promise<Uint8Array>

/** Size of a hash, in bytes. */
export const HASH_BYTES = 32
const LEAF_PREFIX = 0
const NODE_PREFIX = 1

function leafInput(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(entry.length + 1)
  input[0] = LEAF_PREFIX
  input.set(entry, 1)
  return input
}

function nodeInput(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + HASH_BYTES * 2)
  input[0] = NODE_PREFIX
  input.set(left, 1)
  input.set(right, 1 + HASH_BYTES)
  return input
}

/** Reused input buffers of the synchronous functions: allocating an array per hash would cost more than the hash. */
const scratch = new Uint8Array(1 + 65_535)
const nodeScratch = new Uint8Array(1 + HASH_BYTES * 2)

/** Leaf hash, SHA-256(0x00 ‖ entry) (RFC 6962, section 2.1). @param entry - Canonical bytes of a log entry. */
export function leafHash(sha256: Sha256, entry: Uint8Array): Uint8Array {
  if (entry.length >= scratch.length) return sha256(leafInput(entry))
  scratch[0] = LEAF_PREFIX
  scratch.set(entry, 1)
  return sha256(scratch.subarray(0, 1 + entry.length))
}

/** {@link leafHash} with an asynchronous SHA-256. */
export function leafHashAsync(sha256: AsyncSha256, entry: Uint8Array): Promise<Uint8Array> {
  return sha256(leafInput(entry))
}

/** Node hash, SHA-256(0x01 ‖ left ‖ right) (RFC 6962, section 2.1). Both children are 32 bytes. */
export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeScratch[0] = NODE_PREFIX
  nodeScratch.set(left, 1)
  nodeScratch.set(right, 1 + HASH_BYTES)
  return sha256(nodeScratch)
}

/**
 * Computes the root over adjacent hashes of one level: leaf hashes, or roots of complete subtrees of equal size. The root over an empty list is
 * SHA-256 of the empty string (RFC 6962, section 2.1).
 */
export function rootOf(sha256: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let at = 0; at < level.length; at += 2) {
      const left = level[at]
      const right = level[at + 1]
      if (left) above.push(right ? nodeHash(sha256, left, right) : left)
    }
    level = above
  }
  return level[0] ?? sha256(new Uint8Array(0))
}

/** Computes the root over complete subtrees of decreasing size, left to right, in the order of {@link rangeNodes}. */
export function foldNodes(sha256: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  let root: Uint8Array | undefined
  for (const hash of hashes.toReversed()) root = root ? nodeHash(sha256, hash, root) : hash
  return root ?? sha256(new Uint8Array(0))
}

/** A half-open range of leaf indices: `begin` included, `end` excluded. */
export interface LeafRange {
  readonly begin: number
  readonly end: number
}

/** A complete subtree: the leaves `index * 2**level` (included) to `(index + 1) * 2**level` (excluded). */
export interface TreeNode {
  readonly level: number
  readonly index: number
}

/** Splits a range into the fewest complete subtrees, left to right. `begin` must be aligned as a subtree's first leaf is. */
export function rangeNodes({ begin, end }: LeafRange): readonly TreeNode[] {
  const nodes: TreeNode[] = []
  let at = begin
  while (at < end) {
    let level = 0
    let width = 1
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      level += 1
      width *= 2
    }
    nodes.push({ level, index: at / width })
    at += width
  }
  return nodes
}

/** The largest power of two below `n`, for `n` of 2 or more. */
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/**
 * The leaf range that each hash of an inclusion proof covers, in the order of the proof (RFC 6962, section 2.1.1).
 *
 * @throws RangeError unless `0 <= index < size`.
 */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`no entry ${index} in a tree of ${size}`)
  const ranges: LeafRange[] = []
  let begin = 0
  let end = size
  while (end - begin > 1) {
    const middle = begin + split(end - begin)
    ranges.unshift(index < middle ? { begin: middle, end } : { begin, end: middle })
    if (index < middle) end = middle
    else begin = middle
  }
  return ranges
}

/**
 * The leaf range that each hash of a consistency proof covers, in the order of the proof (RFC 6962, section 2.1.2). Empty when `first` is 0 or
 * `size`.
 *
 * @throws RangeError unless `0 <= first <= size`.
 */
export function consistencyRanges(first: number, size: number): readonly LeafRange[] {
  if (!(first >= 0 && first <= size)) throw new RangeError(`a tree of ${size} has no prefix of ${first}`)
  const ranges: LeafRange[] = []
  if (first === 0) return ranges
  let begin = 0
  let end = size
  while (first < end) {
    const middle = begin + split(end - begin)
    ranges.unshift(first <= middle ? { begin: middle, end } : { begin, end: middle })
    if (first <= middle) end = middle
    else begin = middle
  }
  if (begin > 0) ranges.unshift({ begin, end })
  return ranges
}

/** Reads the root hash of a complete subtree. */
export type NodeReader = (node: TreeNode) => Uint8Array

/** Builds a proof: the hash of each range, computed from complete subtrees. Throws what `read` throws. */
export function proofOf(sha256: Sha256, ranges: readonly LeafRange[], read: NodeReader): readonly Uint8Array[] {
  return ranges.map((range) => foldNodes(sha256, rangeNodes(range).map(read)))
}

/** The claim that `leaf` is the hash of entry `index` in the tree with `size` entries and this `root`, with its inclusion proof. */
export interface InclusionClaim {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** The claim that the tree (`size`, `root`) extends the tree (`firstSize`, `firstRoot`), with its consistency proof. */
export interface ConsistencyClaim {
  readonly firstSize: number
  readonly firstRoot: Uint8Array
  readonly size: number
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** A computation that yields each SHA-256 input and receives its hash, so that one implementation serves both kinds of SHA-256. */
type Hashing<T> = Generator<Uint8Array, T, Uint8Array>

function runSync<T>(sha256: Sha256, hashing: Hashing<T>): T {
  let step = hashing.next()
  while (!step.done) step = hashing.next(sha256(step.value))
  return step.value
}

async function runAsync<T>(sha256: AsyncSha256, hashing: Hashing<T>): Promise<T> {
  let step = hashing.next()
  while (!step.done) step = hashing.next(await sha256(step.value))
  return step.value
}

function half(n: number): number {
  return Math.floor(n / 2)
}

function isOdd(n: number): boolean {
  return n % 2 === 1
}

/** RFC 9162, section 2.1.3.2. */
function* inclusionHolds({ leaf, index, size, root, proof }: InclusionClaim): Hashing<boolean> {
  if (!(Number.isSafeInteger(size) && Number.isSafeInteger(index) && index >= 0 && index < size)) return false
  let at = index
  let last = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (last === 0 || sibling.length !== HASH_BYTES) return false
    if (isOdd(at) || at === last) {
      hash = yield nodeInput(sibling, hash)
      while (!isOdd(at) && at !== 0) {
        at = half(at)
        last = half(last)
      }
    } else {
      hash = yield nodeInput(hash, sibling)
    }
    at = half(at)
    last = half(last)
  }
  return last === 0 && equalBytes(hash, root)
}

/** RFC 9162, section 2.1.4.2. Every tree extends the empty tree, with an empty proof. */
function* consistencyHolds({ firstSize, firstRoot, size, root, proof }: ConsistencyClaim): Hashing<boolean> {
  if (!(Number.isSafeInteger(size) && Number.isSafeInteger(firstSize) && firstSize >= 0)) return false
  if (firstSize > size || proof.some((hash) => hash.length !== HASH_BYTES)) return false
  if (firstSize === size) return proof.length === 0 && equalBytes(firstRoot, root)
  if (firstSize === 0) return proof.length === 0 && equalBytes(firstRoot, yield new Uint8Array(0))
  let at = firstSize - 1
  let last = size - 1
  while (isOdd(at)) {
    at = half(at)
    last = half(last)
  }
  if (proof.length === 0) return false
  const [start = firstRoot, ...siblings] = at === 0 ? [firstRoot, ...proof] : proof
  let before = start
  let after = start
  for (const sibling of siblings) {
    if (last === 0) return false
    if (isOdd(at) || at === last) {
      before = yield nodeInput(sibling, before)
      after = yield nodeInput(sibling, after)
      while (!isOdd(at) && at !== 0) {
        at = half(at)
        last = half(last)
      }
    } else {
      after = yield nodeInput(after, sibling)
    }
    at = half(at)
    last = half(last)
  }
  return last === 0 && equalBytes(before, firstRoot) && equalBytes(after, root)
}

/** Verifies an inclusion proof (RFC 9162, section 2.1.3.2). Returns `false` for a malformed claim; never throws. */
export function verifyInclusion(sha256: Sha256, claim: InclusionClaim): boolean {
  return runSync(sha256, inclusionHolds(claim))
}

/** {@link verifyInclusion} with an asynchronous SHA-256. Rejects only when that does. */
export function verifyInclusionAsync(sha256: AsyncSha256, claim: InclusionClaim): Promise<boolean> {
  return runAsync(sha256, inclusionHolds(claim))
}

/** Verifies a consistency proof (RFC 9162, section 2.1.4.2). Returns `false` for a malformed claim; never throws. */
export function verifyConsistency(sha256: Sha256, claim: ConsistencyClaim): boolean {
  return runSync(sha256, consistencyHolds(claim))
}

/** {@link verifyConsistency} with an asynchronous SHA-256. Rejects only when that does. */
export function verifyConsistencyAsync(sha256: AsyncSha256, claim: ConsistencyClaim): Promise<boolean> {
  return runAsync(sha256, consistencyHolds(claim))
}

/** Whether two byte arrays are equal. Not constant-time: for public hashes, not for secrets. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false
  return true
}
