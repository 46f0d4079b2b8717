/**
 * The Merkle tree of RFC 6962: hashes, roots, and proofs with their verification. Pure: SHA-256 comes in as a function, synchronous
 * for writers and bulk readers, asynchronous (WebCrypto) where a browser checks a proof.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6962.html#section-2.1 RFC 6962, section 2.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9162.html#section-2.1 RFC 9162, section 2.1 (how to verify)}
 * @module
 */

/** SHA-256 of its argument: 32 bytes. */
export type Sha256 = (data: Uint8Array) => Uint8Array
export type AsyncSha256 = (data: Uint8Array) => Promise<Uint8Array>

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

/** Where the synchronous functions put their input together: a fresh array each would cost more than the hash. */
const scratch = new Uint8Array(1 + 65_535)
const nodeScratch = new Uint8Array(1 + HASH_BYTES * 2)

/** SHA-256(0x00 ‖ entry). */
export function leafHash(sha256: Sha256, entry: Uint8Array): Uint8Array {
  if (entry.length >= scratch.length) return sha256(leafInput(entry))
  scratch[0] = LEAF_PREFIX
  scratch.set(entry, 1)
  return sha256(scratch.subarray(0, 1 + entry.length))
}

/** SHA-256(0x00 ‖ entry), where only an asynchronous SHA-256 is at hand. */
export function leafHashAsync(sha256: AsyncSha256, entry: Uint8Array): Promise<Uint8Array> {
  return sha256(leafInput(entry))
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeScratch[0] = NODE_PREFIX
  nodeScratch.set(left, 1)
  nodeScratch.set(right, 1 + HASH_BYTES)
  return sha256(nodeScratch)
}

/**
 * Root over hashes that stand side by side at one level, the leaves or the roots of equally large complete subtrees. The root over
 * none is SHA-256 of nothing.
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

/** Root over complete subtrees of falling size, left to right, as {@link rangeNodes} lists them. */
export function foldNodes(sha256: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  let root: Uint8Array | undefined
  for (const hash of hashes.toReversed()) root = root ? nodeHash(sha256, hash, root) : hash
  return root ?? sha256(new Uint8Array(0))
}

/** The leaves `begin` to `end`, `end` not included. */
export interface LeafRange {
  readonly begin: number
  readonly end: number
}

/** The complete subtree over the leaves `index * 2**level` to `(index + 1) * 2**level`. */
export interface TreeNode {
  readonly level: number
  readonly index: number
}

/** The fewest complete subtrees that make up a range, left to right. `begin` must be aligned as subtrees of a tree are. */
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
 * What the hashes of an inclusion proof stand for, in the proof's order.
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
 * What the hashes of a consistency proof stand for, in the proof's order. Empty when `first` is 0 or `size`.
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

/** Reads the hash of a complete subtree. */
export type NodeReader = (node: TreeNode) => Uint8Array

/** The hashes of the ranges of a proof, from a reader of complete subtrees. */
export function proofOf(sha256: Sha256, ranges: readonly LeafRange[], read: NodeReader): readonly Uint8Array[] {
  return ranges.map((range) => foldNodes(sha256, rangeNodes(range).map(read)))
}

/** Claims that `leaf` is the hash of entry `index` in the tree of `size` entries with this `root`. */
export interface InclusionClaim {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Claims that the tree of `size` entries with `root` begins with the tree of `firstSize` entries with `firstRoot`. */
export interface ConsistencyClaim {
  readonly firstSize: number
  readonly firstRoot: Uint8Array
  readonly size: number
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** A computation that asks for one SHA-256 at a time, so that the same code runs on a synchronous and on an asynchronous hash. */
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

/** RFC 9162, section 2.1.4.2. An empty tree is a prefix of every tree, by an empty proof. */
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

/** Whether an inclusion proof holds. Malformed claims do not hold; never throws. */
export function verifyInclusion(sha256: Sha256, claim: InclusionClaim): boolean {
  return runSync(sha256, inclusionHolds(claim))
}

/** {@link verifyInclusion} for a browser. */
export function verifyInclusionAsync(sha256: AsyncSha256, claim: InclusionClaim): Promise<boolean> {
  return runAsync(sha256, inclusionHolds(claim))
}

/** Whether a consistency proof holds. Malformed claims do not hold; never throws. */
export function verifyConsistency(sha256: Sha256, claim: ConsistencyClaim): boolean {
  return runSync(sha256, consistencyHolds(claim))
}

/** {@link verifyConsistency} for a browser. */
export function verifyConsistencyAsync(sha256: AsyncSha256, claim: ConsistencyClaim): Promise<boolean> {
  return runAsync(sha256, consistencyHolds(claim))
}

/** Whether two byte strings are the same. Not constant-time: hashes are no secrets. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false
  return true
}
