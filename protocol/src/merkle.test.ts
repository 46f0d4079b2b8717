import { createHash, webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  consistencyRanges,
  foldNodes,
  inclusionRanges,
  leafHash,
  leafHashAsync,
  type NodeReader,
  proofOf,
  rangeNodes,
  rootOf,
  verifyConsistency,
  verifyConsistencyAsync,
  verifyInclusion,
  verifyInclusionAsync,
} from './merkle.ts'

const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest()
const asyncSha256 = async (data: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await webcrypto.subtle.digest('SHA-256', new Uint8Array(data)))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const base64 = (text: string): Uint8Array => Buffer.from(text, 'base64')
const entryOf = (index: number): Uint8Array => Buffer.from(`entry ${index}`)
const leavesOf = (size: number): Uint8Array[] => Array.from({ length: size }, (_, at) => leafHash(sha256, entryOf(at)))
const readerOf = (leaves: readonly Uint8Array[]): NodeReader => {
  return ({ level, index }) => rootOf(sha256, leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))
}

const vectorSchema = z.object({
  roots: z.record(z.string(), z.string()),
  inclusion: z.array(z.object({ index: z.int(), size: z.int(), proof: z.array(z.string()) })),
  consistency: z.array(z.object({ first: z.int(), size: z.int(), proof: z.array(z.string()) })),
})
const vectors = vectorSchema.parse(
  JSON.parse(readFileSync(new URL('../../test/vectors/tlog.json', import.meta.url), 'utf8')),
)
const rootAt = (size: number): Uint8Array => base64(vectors.roots[String(size)] ?? '')

/** Leaves and roots that every implementation of RFC 6962 is tested with (Certificate Transparency's reference data). */
const CT_LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const CT_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

describe('roots', () => {
  test.each(CT_ROOTS.map((root, size) => [size, root] as const))(
    'of %i entries are those of RFC 6962',
    (size, root) => {
      const leaves = CT_LEAVES.slice(0, size).map((leaf) => leafHash(sha256, Buffer.from(leaf, 'hex')))
      expect(hex(rootOf(sha256, leaves))).toBe(root)
    },
  )

  test('of every size are those of another implementation', () => {
    for (const size of Object.keys(vectors.roots).map(Number)) {
      expect(hex(rootOf(sha256, leavesOf(size)))).toBe(hex(rootAt(size)))
    }
  })

  test('a range folds from its complete subtrees to the same root', () => {
    const leaves = leavesOf(100)
    for (let size = 0; size <= 100; size += 1) {
      const nodes = rangeNodes({ begin: 0, end: size }).map(readerOf(leaves))
      expect(hex(foldNodes(sha256, nodes))).toBe(hex(rootOf(sha256, leaves.slice(0, size))))
    }
  })

  test('an entry longer than a bundle takes is hashed too', async () => {
    const entry = new Uint8Array(70_000).fill(7)
    expect(hex(leafHash(sha256, entry))).toBe(hex(await leafHashAsync(asyncSha256, entry)))
  })
})

describe('inclusion', () => {
  test('proofs are those of another implementation, and hold', async () => {
    for (const { index, size, proof } of vectors.inclusion) {
      const ours = proofOf(sha256, inclusionRanges(index, size), readerOf(leavesOf(size)))
      expect(ours.map(hex)).toEqual(proof.map((hash) => hex(base64(hash))))
      const claim = { leaf: leafHash(sha256, entryOf(index)), index, size, root: rootAt(size), proof: ours }
      expect(verifyInclusion(sha256, claim)).toBe(true)
      expect(await verifyInclusionAsync(asyncSha256, claim)).toBe(true)
    }
  })

  test('a proof with anything changed does not hold', () => {
    const size = 13
    const leaves = leavesOf(size)
    const root = rootOf(sha256, leaves)
    fc.assert(
      fc.property(
        fc.nat(size - 1),
        fc.nat(3),
        fc.nat(31),
        fc.integer({ min: 1, max: 255 }),
        (index, at, byte, mask) => {
          const proof = proofOf(sha256, inclusionRanges(index, size), readerOf(leaves)).map((hash) =>
            Uint8Array.from(hash),
          )
          const leaf = leaves[index] ?? new Uint8Array(32)
          const claim = { leaf, index, size, root, proof }
          expect(verifyInclusion(sha256, claim)).toBe(true)
          expect(verifyInclusion(sha256, { ...claim, index: (index + 1) % size })).toBe(false)
          expect(verifyInclusion(sha256, { ...claim, proof: proof.slice(1) })).toBe(false)
          expect(verifyInclusion(sha256, { ...claim, proof: [...proof, leaf] })).toBe(false)
          const hash = proof[at % proof.length]
          if (hash) hash[byte] = (hash[byte] ?? 0) ^ mask
          expect(verifyInclusion(sha256, claim)).toBe(false)
        },
      ),
    )
  })

  test.each([
    ['an index outside the tree', { index: 5, size: 5 }],
    ['a negative index', { index: -1, size: 5 }],
    ['a broken size', { index: 0, size: 1.5 }],
    ['an empty tree', { index: 0, size: 0 }],
  ])('%s does not hold and does not throw', (_, place) => {
    const leaf = new Uint8Array(32)
    expect(verifyInclusion(sha256, { leaf, root: leaf, proof: [], ...place })).toBe(false)
  })
})

describe('consistency', () => {
  test('proofs are those of another implementation, and hold', async () => {
    for (const { first, size, proof } of vectors.consistency) {
      const ours = proofOf(sha256, consistencyRanges(first, size), readerOf(leavesOf(size)))
      expect(ours.map(hex)).toEqual(proof.map((hash) => hex(base64(hash))))
      const claim = { firstSize: first, firstRoot: rootAt(first), size, root: rootAt(size), proof: ours }
      expect(verifyConsistency(sha256, claim)).toBe(true)
      expect(await verifyConsistencyAsync(asyncSha256, claim)).toBe(true)
    }
  })

  test('between any two sizes a proof holds, and only between them', () => {
    const leaves = leavesOf(70)
    const rootOfFirst = (size: number): Uint8Array => rootOf(sha256, leaves.slice(0, size))
    fc.assert(
      fc.property(fc.nat(70), fc.nat(70), (one, other) => {
        const [firstSize, size] = [Math.min(one, other), Math.max(one, other)]
        const proof = proofOf(sha256, consistencyRanges(firstSize, size), readerOf(leaves))
        const claim = { firstSize, firstRoot: rootOfFirst(firstSize), size, root: rootOfFirst(size), proof }
        expect(verifyConsistency(sha256, claim)).toBe(true)
        if (firstSize === 0) return
        expect(verifyConsistency(sha256, { ...claim, firstRoot: leafHash(sha256, entryOf(999)) })).toBe(false)
        expect(verifyConsistency(sha256, { ...claim, root: leafHash(sha256, entryOf(999)) })).toBe(false)
        expect(verifyConsistency(sha256, { ...claim, proof: [...proof, rootOfFirst(1)] })).toBe(false)
        if (proof.length > 0) expect(verifyConsistency(sha256, { ...claim, proof: proof.slice(1) })).toBe(false)
      }),
    )
  })

  test('a smaller tree is not consistent with a larger one before it', () => {
    const root = rootAt(3)
    expect(verifyConsistency(sha256, { firstSize: 5, firstRoot: root, size: 3, root, proof: [] })).toBe(false)
  })
})
