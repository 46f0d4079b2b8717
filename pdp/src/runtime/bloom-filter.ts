/**
 * Bloom filter over hashes: answers "certainly not in the set" without a look-up, and "perhaps" otherwise.
 *
 * @module
 */

/** 1 MiB of bits: of 200,000 hashes fewer than one look-up in ten thousand is in vain, of 1,000,000 one in forty. */
const BITS = 2 ** 23
const PROBES = 4
const PROBE_BYTES = 4

export class BloomFilter {
  readonly #bits = new Uint32Array(BITS / 32)

  /** @param hash - Uniformly distributed, of at least 16 bytes. */
  add(hash: Uint8Array): void {
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = bitOf(hash, probe)
      this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31))
    }
  }

  /** `false`: was never added. */
  mayHave(hash: Uint8Array): boolean {
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = bitOf(hash, probe)
      if (((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false
    }
    return true
  }
}

function bitOf(hash: Uint8Array, probe: number): number {
  const at = probe * PROBE_BYTES
  return (((hash[at] ?? 0) << 16) | ((hash[at + 1] ?? 0) << 8) | (hash[at + 2] ?? 0)) & (BITS - 1)
}
